import { UPSTREAM_PROFILE, type FileHandler } from '../index';
import { codeOf, FaultyHandler, Journal, testFile, TestHost, type TestFile } from '../testing';

const profiles = ['seed', 'upstream'] as const;

describe.each(profiles)('preserve, %s', (profile) => {
  async function full(pageSizeBytes = 256): Promise<TestHost> {
    const small = profile === 'seed' ? 'seed' : { ...UPSTREAM_PROFILE, blocksMax: 2 };
    const host = new TestHost({ profile: small, pageSizeBytes });
    const session = host.create('full');
    for (let i = 0; i < session.fileCountMax; i++)
      await session.preserve(BigInt(i), testFile(`f${i}`));
    return host;
  }

  it('B14: a taken token is EEXIST even in a full set, and a full set ENOSPC even for a bad file', async () => {
    const host = await full();
    const [entry] = [...host.orchestrator.sessions.outgoing.values()];
    const preserve = (token: bigint, file: TestFile) => async () => {
      await entry!.files.preserve(token, file);
    };
    const bad = testFile('bad');
    host.references.close(bad);
    expect(await codeOf(preserve(0n, bad))).toBe('EEXIST');
    expect(await codeOf(preserve(99n, bad))).toBe('ENOSPC');
    expect(entry!.files.count).toBe(profile === 'seed' ? 8 : 6);
  });

  it('B14: a bad file is EBADF before handlers are asked; no handler is ENOENT; its own error comes last', async () => {
    const handler = new FaultyHandler({ accepts: ({ name }) => name !== 'odd' });
    const host = new TestHost({ profile, handlers: [handler] });
    const session = host.create('s');
    const bad = testFile('odd');
    host.references.close(bad);
    expect(await codeOf(() => session.preserve(1n, bad))).toBe('EBADF');
    expect(handler.journal.take()).toEqual([]);
    expect(await codeOf(() => session.preserve(1n, testFile('odd')))).toBe('ENOENT');
    handler.fail('preserve', 'a', 'EFBIG');
    expect(await codeOf(() => session.preserve(1n, testFile('a')))).toBe('EFBIG');
  });

  it('B14: room for the records is taken after the file in the seed, before it upstream (ENOMEM, EBADF)', async () => {
    const host = new TestHost({ profile, pageSizeBytes: 256, pagesMax: 3 });
    const session = host.create('s');
    const bad = testFile('bad');
    host.references.close(bad);
    const code = await codeOf(() => session.preserve(1n, bad));
    expect(code).toBe(profile === 'seed' ? 'EBADF' : 'ENOMEM');
    expect(await codeOf(() => session.preserve(1n, testFile('a')))).toBe('ENOMEM');
    expect(host.journal.take()).toEqual([]);
    expect(host.references.total).toBe(0);
  });

  it('B15: the reference is taken after token and limit, before handlers, and dropped on failure', async () => {
    const host = new TestHost({ profile });
    const session = host.create('s');
    const file = testFile('a');
    let heldDuringPreserve = -1;
    const { handler } = host;
    const original = handler.preserve.bind(handler);
    handler.preserve = (preserved) => {
      heldDuringPreserve = host.references.countOf(preserved);
      return original(preserved);
    };
    await session.preserve(1n, file);
    expect(heldDuringPreserve).toBe(1);
    const other = testFile('b');
    expect(await codeOf(() => session.preserve(1n, other))).toBe('EEXIST');
    expect(host.references.countOf(other)).toBe(0);
  });

  it('B16: handlers are asked in order of registration, the first yes wins, without a second choice', async () => {
    const journal = new Journal();
    const named = (compatible: string, accepts: boolean) => {
      const handler = new FaultyHandler({ compatible, journal, accepts: () => accepts });
      const ask = handler.canPreserve.bind(handler);
      handler.canPreserve = (file) => {
        journal.write(`asked ${compatible}`);
        return ask(file);
      };
      return handler;
    };
    const [no, yes, late] = [named('no', false), named('yes', true), named('late', true)];
    const host = new TestHost({ profile, handlers: [no, yes, late] });
    const session = host.create('s');
    await session.preserve(1n, testFile('a'));
    expect(journal.takeOnly('asked')).toEqual(['asked no', 'asked yes']);
    expect(session.report()[0]?.compatible).toBe('yes');
    yes.fail('preserve', 'b', 'EIO');
    expect(await codeOf(() => session.preserve(2n, testFile('b')))).toBe('EIO');
    expect(journal.takeOnly('asked')).toEqual(['asked no', 'asked yes']);
  });

  it.each([5, -5])(
    'B17: preserve sees the file only, and status %d is a failure',
    async (status) => {
      const seen: unknown[][] = [];
      const handler: FileHandler<TestFile> = Object.assign(new FaultyHandler(), {
        preserve: (...args: unknown[]) => {
          seen.push(args);
          return { data: 1n, status };
        },
      });
      const host = new TestHost({ profile, handlers: [handler] });
      const file = testFile('a');
      const session = host.create('s');
      expect(await codeOf(() => session.preserve(1n, file))).toBe('EIO');
      expect(seen).toEqual([[file]]);
      expect(session.fileCount).toBe(0);
    },
  );

  it.each([undefined, 5, -1n, 2n ** 64n, { data: 2n ** 64n }])(
    'B17: a handle %p that is no u64 is a failure',
    async (answer) => {
      const handler = new FaultyHandler();
      handler.preserve = () => answer as never;
      const host = new TestHost({ profile, handlers: [handler] });
      const session = host.create('s');
      const code = answer === undefined || typeof answer === 'number' ? /EIO|EINVAL/ : /EINVAL/;
      expect(await codeOf(() => session.preserve(1n, testFile('a')))).toMatch(code);
      expect([session.fileCount, host.references.total]).toEqual([0, 0]);
      expect(session.report()).toEqual([]);
    },
  );

  it('B18: a failed preserve leaves nothing behind and its token can be used again', async () => {
    const host = new TestHost({ profile });
    const session = host.create('s');
    const before = host.memory.preservedSizeBytes;
    host.handler.fail('preserve', 'a', 'EIO');
    expect(await codeOf(() => session.preserve(1n, testFile('a')))).toBe('EIO');
    expect(host.memory.preservedSizeBytes).toBe(before);
    expect(host.references.total).toBe(0);
    expect(host.journal.takeOnly('unpreserve')).toEqual([]);
    host.handler.heal('a');
    await session.preserve(1n, testFile('a'));
    const kept = host.memory.preservedSizeBytes;
    host.handler.fail('preserve', 'b', 'EIO');
    expect(await codeOf(() => session.preserve(2n, testFile('b')))).toBe('EIO');
    expect(host.memory.preservedSizeBytes).toBe(kept);
    expect(session.report().map(({ token }) => token)).toEqual([1n]);
  });

  it('B19: on success the engine holds one reference until unpreserve', async () => {
    const host = new TestHost({ profile });
    const session = host.create('s');
    const file = testFile('a');
    await session.preserve(1n, file);
    host.references.close(file);
    expect(host.references.countOf(file)).toBe(1);
    expect(session.fileCount).toBe(1);
    await session.close();
    expect(host.references.countOf(file)).toBe(0);
  });

  it('B20, D3: the same object twice is fine in the seed, EBUSY upstream, in any session', async () => {
    const host = new TestHost({ profile });
    const [one, two] = [host.create('one'), host.create('two')];
    const file = testFile('a');
    await one.preserve(1n, file);
    const expected = profile === 'seed' ? null : 'EBUSY';
    expect(await codeOf(() => two.preserve(1n, file))).toBe(expected);
    expect(await codeOf(() => one.preserve(2n, file))).toBe(expected);
    if (expected === null) return;
    expect(host.references.countOf(file)).toBe(1);
    await one.close();
    expect(await codeOf(() => two.preserve(1n, file))).toBeNull();
  });

  it('B21: calls on one session run one at a time, also when handlers wait', async () => {
    const host = new TestHost({ profile, asynchronous: true });
    const session = host.create('s');
    const calls = [1n, 2n, 3n].map((token) => session.preserve(token, testFile(`f${token}`)));
    const again = session.preserve(2n, testFile('again'));
    expect(await codeOf(() => again)).toBe('EEXIST');
    await Promise.all(calls);
    expect(host.journal.take()).toEqual(
      [1, 2, 3].flatMap((n) => [`canPreserve f${n}`, `preserve f${n}`]),
    );
    expect(session.report().map(({ token }) => token)).toEqual([1n, 2n, 3n]);
  });

  it('B22: closing unpreserves the whole set last first, frees the records and the tokens', async () => {
    const host = new TestHost({ profile });
    const session = host.create('s');
    const files = ['a', 'b', 'c'].map(testFile);
    for (const [i, file] of files.entries()) await session.preserve(BigInt(i), file);
    host.journal.take();
    expect(await session.close()).toBe('closed');
    expect(host.journal.take()).toEqual([
      'unpreserve c 3 private c',
      'unpreserve b 2 private b',
      'unpreserve a 1 private a',
    ]);
    expect([host.references.total, host.ledger.openCount]).toEqual([0, 0]);
    expect(host.memory.preservedSizeBytes).toBe(0);
    const empty = host.create('s');
    await empty.preserve(0n, files[0]!);
    expect(await empty.close()).toBe('closed');
    expect(await host.create('none').close()).toBe('closed');
  });

  it('B22: unpreserve cannot fail; what it throws is a warning and the rest is still released', async () => {
    const host = new TestHost({ profile });
    const session = host.create('s');
    for (const name of ['a', 'b'])
      await session.preserve(BigInt(name.charCodeAt(0)), testFile(name));
    host.handler.fail('unpreserve', 'b', 'EIO');
    expect(await session.close()).toBe('closed');
    expect(host.warnings).toEqual([expect.objectContaining({ operation: 'unpreserve' })]);
    expect(host.references.total).toBe(0);
  });
});
