import type { FileHandler } from '../handlers/file-handler';
import { FileSet, SEED_PROFILE, UPSTREAM_PROFILE, type HandlerOwner } from '../index';
import { codeOf, FaultyHandler, recordOffset, testFile, TestHost, type TestFile } from '../testing';

const profiles = ['seed', 'upstream'] as const;
const U64_MAX = 2n ** 64n - 1n;

function ownerOf(log: string[], alive = true): HandlerOwner {
  return {
    tryGet: () => {
      if (alive) log.push('get');
      return alive;
    },
    put: () => void log.push('put'),
  };
}

describe.each(profiles)('data and limits, %s', (profile) => {
  it('B1: a set keeps the order of preservation and allocates its records with the first file', async () => {
    const host = new TestHost({ profile });
    const session = host.create('s');
    const empty = host.memory.preservedSizeBytes;
    for (const token of [9n, 3n, 7n]) await session.preserve(token, testFile(`f${token}`));
    expect(session.report().map(({ token }) => token)).toEqual([9n, 3n, 7n]);
    const pages = profile === 'seed' ? SEED_PROFILE.filePages : 1;
    expect(host.memory.preservedSizeBytes - empty).toBe(pages * 4096);
    await session.close();
    expect(host.memory.preservedSizeBytes).toBe(0);
  });

  it.each([
    [4096, 128, 630_000],
    [16_384, 512, 2_550_000],
    [65_536, 2048, 10_230_000],
  ])('B2: the limit follows from the page size of %d bytes', (pageSizeBytes, seed, upstream) => {
    const host = new TestHost({ profile, pageSizeBytes });
    expect(host.create('s').fileCountMax).toBe(profile === 'seed' ? seed : upstream);
  });

  it('B2: pages and blocks are parameters, and the limit follows from them', () => {
    const whole = profile === 'seed' ? SEED_PROFILE : UPSTREAM_PROFILE;
    const host = new TestHost({ profile: { ...whole, filePages: 3, blocksMax: 4 } });
    expect(host.create('s').fileCountMax).toBe(profile === 'seed' ? 192 : 252);
  });

  it('B3: a record is compatible[48], data u64, token u64, little endian', async () => {
    const long = 'x'.repeat(60);
    const handler = new FaultyHandler({ compatible: long });
    const host = new TestHost({ profile, handlers: [handler] });
    await host.create('s').preserve(0x1122334455667788n, testFile('a'));
    const region = await host.orchestrator.freezeAll();
    const at = recordOffset(region, 0x1122334455667788n);
    expect([...region.subarray(at + 56, at + 64)]).toEqual([
      0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
    ]);
    expect([...region.subarray(at + 48, at + 56)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    expect(String.fromCharCode(...region.subarray(at, at + 47))).toBe('x'.repeat(47));
    expect(region[at + 47]).toBe(0);
    expect(host.warnings).toContainEqual(expect.objectContaining({ operation: 'register' }));
  });

  it('B4: an empty set travels as zero and zero', async () => {
    const host = new TestHost({ profile });
    host.create('empty');
    await host.reboot();
    const session = host.retrieve('empty');
    expect(session.fileCount).toBe(0);
    expect(await codeOf(() => session.retrieve(0n))).toBe('ENOENT');
    expect(host.warnings).toEqual([]);
  });

  it('B5: a token is any u64, unique in its session only', async () => {
    const host = new TestHost({ profile });
    const [one, two] = [host.create('one'), host.create('two')];
    await one.preserve(0n, testFile('a'));
    await one.preserve(U64_MAX, testFile('b'));
    await two.preserve(0n, testFile('c'));
    for (const token of [-1n, U64_MAX + 1n]) {
      expect(await codeOf(() => one.preserve(token, testFile('d')))).toBe('EINVAL');
    }
    await host.reboot();
    const session = host.retrieve('one');
    expect(await session.retrieve(U64_MAX)).toEqual({ name: 'b' });
    expect(await session.retrieve(0n)).toEqual({ name: 'a' });
    expect(await host.retrieve('two').retrieve(0n)).toEqual({ name: 'c' });
    expect(await codeOf(() => session.retrieve(-1n))).toBe('EINVAL');
  });

  it('B6: handle and token cross the reboot, file and private data do not', async () => {
    const host = new TestHost({ profile });
    const file = testFile('a');
    await host.create('s').preserve(1n, file);
    host.handler.freezeAnswers.set('a', undefined);
    await host.reboot();
    const session = host.retrieve('s');
    expect(session.report()).toEqual([
      { token: 1n, compatible: 'faulty-v1', data: 1n, retrieveStatus: 0 },
    ]);
    expect(await session.retrieve(1n)).not.toBe(file);
    expect(session.report()[0]?.retrieveStatus).toBe(1);
  });
});

describe.each(profiles)('registration, %s', (profile) => {
  it('B7: switched off, register and unregister answer EOPNOTSUPP and look at nothing else', async () => {
    const { orchestrator } = new TestHost({ profile, enabled: false });
    const broken = { compatible: 'x' } as FileHandler<TestFile>;
    expect(await codeOf(() => orchestrator.registerHandler(broken))).toBe('EOPNOTSUPP');
    expect(await codeOf(() => orchestrator.unregisterHandler(broken))).toBe('EOPNOTSUPP');
  });

  it.each(['canPreserve', 'preserve', 'unpreserve', 'retrieve', 'finish'] as const)(
    'B8: a handler without %s is refused with EINVAL, before anything else is checked',
    async (missing) => {
      const host = new TestHost({ profile });
      host.create('s');
      const handler = new FaultyHandler();
      Object.defineProperty(handler, missing, { value: undefined });
      expect(await codeOf(() => host.orchestrator.registerHandler(handler))).toBe('EINVAL');
    },
  );

  it('B8: freeze, unfreeze and canFinish are optional', async () => {
    const handler = new FaultyHandler({ without: ['freeze', 'unfreeze', 'canFinish'] });
    const host = new TestHost({ profile, handlers: [handler] });
    await host.create('s').preserve(1n, testFile('a'));
    await host.orchestrator.freezeAll();
    await host.orchestrator.unfreezeAll();
    expect(await codeOf(() => host.orchestrator.freezeAll())).toBeNull();
  });

  it('B9, D8: an empty session of either list blocks registration with EBUSY in the seed, not upstream', async () => {
    const expected = profile === 'seed' ? 'EBUSY' : null;
    const host = new TestHost({ profile });
    const session = host.create('empty');
    const register = (compatible: string) => () =>
      host.orchestrator.registerHandler(new FaultyHandler({ compatible }));
    expect(await codeOf(register('late-1'))).toBe(expected);
    await session.close();
    expect(await codeOf(register('late-2'))).toBeNull();
    host.create('kept');
    await host.reboot();
    expect(host.device).toBeDefined();
    expect(await codeOf(register('late-3'))).toBe(expected);
  });

  it('B10: a taken compatible string is EEXIST; empty ones and overlapping handlers are not', async () => {
    const { orchestrator } = new TestHost({ profile });
    const register = (compatible: string) => () =>
      orchestrator.registerHandler(new FaultyHandler({ compatible }));
    expect(await codeOf(register('faulty-v1'))).toBe('EEXIST');
    expect(await codeOf(register('faulty-v'))).toBeNull();
    expect(await codeOf(register(''))).toBeNull();
  });

  it('B11: the owner is pinned by the registration in the seed, by nothing yet upstream', async () => {
    const log: string[] = [];
    const { orchestrator } = new TestHost({ profile });
    const handler = new FaultyHandler({ compatible: 'owned', owner: ownerOf(log) });
    orchestrator.registerHandler(handler);
    orchestrator.unregisterHandler(handler);
    expect(log).toEqual(profile === 'seed' ? ['get', 'put'] : []);
    const dying = new FaultyHandler({ compatible: 'dying', owner: ownerOf([], false) });
    const code = await codeOf(() => orchestrator.registerHandler(dying));
    expect(code).toBe(profile === 'seed' ? 'EAGAIN' : null);
  });

  it('B12: errors of register come in their order', async () => {
    const owner = ownerOf([], false);
    const worst = { compatible: 'faulty-v1', owner } as FileHandler<TestFile>;
    const complete = new FaultyHandler({ owner });
    const off = new TestHost({ profile, enabled: false }).orchestrator;
    expect(await codeOf(() => off.registerHandler(worst))).toBe('EOPNOTSUPP');
    const host = new TestHost({ profile });
    const session = host.create('s');
    const register = (handler: FileHandler<TestFile>) =>
      codeOf(() => host.orchestrator.registerHandler(handler));
    expect(await register(worst)).toBe('EINVAL');
    expect(await register(complete)).toBe(profile === 'seed' ? 'EBUSY' : 'EEXIST');
    await session.close();
    expect(await register(complete)).toBe('EEXIST');
    const fresh = new FaultyHandler({ compatible: 'fresh', owner });
    expect(await register(fresh)).toBe(profile === 'seed' ? 'EAGAIN' : null);
  });

  it('B13: unregister is EBUSY with a session in the seed; twice is ENOENT instead of a corrupt list', async () => {
    const host = new TestHost({ profile });
    const unregister = () => host.orchestrator.unregisterHandler(host.handler);
    const session = host.create('s');
    if (profile === 'seed') expect(await codeOf(unregister)).toBe('EBUSY');
    await session.close();
    expect(await codeOf(unregister)).toBeNull();
    expect(await codeOf(unregister)).toBe('ENOENT');
    expect(await codeOf(() => host.create('t').preserve(1n, testFile('a')))).toBe('ENOENT');
  });
});

it('B1: a set by itself has no session state', () => {
  expect(Object.keys(new FileSet({ profile: UPSTREAM_PROFILE } as never))).not.toContain(
    'retrieved',
  );
});
