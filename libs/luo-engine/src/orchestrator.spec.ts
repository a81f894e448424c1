import {
  createHandoverMemory,
  handoverMemoryOver,
  LuoError,
  Orchestrator,
  UPSTREAM_PROFILE,
} from './index';
import type { FileHandler } from './handlers/file-handler';
import type { SessionEntry } from './sessions/session-entry';
import { codeOf, TestHost, testFile, type TestFile } from './testing';

/** Pages of 256 bytes hold three records, of files or of sessions. */
const pageSizeBytes = 256;

async function preserveAll(host: TestHost, sessions: number, files: number): Promise<void> {
  for (let s = 0; s < sessions; s++) {
    const session = host.create(`s${s}`);
    for (let f = 0; f < files; f++) await session.preserve(BigInt(f), testFile(`s${s}-f${f}`));
  }
}

async function expectAll(host: TestHost, sessions: number, files: number): Promise<void> {
  expect(host.device).toBeDefined();
  expect(host.orchestrator.report()).toHaveLength(sessions);
  for (let s = 0; s < sessions; s++) {
    const session = host.retrieve(`s${s}`);
    for (let f = 0; f < files; f++) {
      expect(await session.retrieve(BigInt(f))).toEqual(testFile(`s${s}-f${f}`));
    }
    await session.finish();
    await session.close();
  }
  expect(host.memory.restorableCount).toBe(0);
}

it('takes sessions and files of many blocks across', async () => {
  const host = new TestHost({ pageSizeBytes });
  await preserveAll(host, 5, 10);
  await host.reboot();
  await expectAll(host, 5, 10);
});

it('hands over what is there at the last freeze, after some that led nowhere', async () => {
  const host = new TestHost({ pageSizeBytes });
  await preserveAll(host, 2, 4);
  for (let attempt = 0; attempt < 3; attempt++) {
    await host.orchestrator.freezeAll();
    await host.orchestrator.unfreezeAll();
    // A session more and a session less: blocks are taken, given back and taken again.
    const more = host.create('more');
    for (let f = 0; f < 7; f++) await more.preserve(BigInt(f), testFile(`more-${attempt}-${f}`));
    await host.orchestrator.freezeAll();
    await host.orchestrator.unfreezeAll();
    await more.close();
  }
  await host.reboot();
  await expectAll(host, 2, 4);
});

it('says ENOMEM before any handler is asked, and goes on afterwards', async () => {
  const host = new TestHost({ pagesMax: 2 ** 40 });
  await preserveAll(host, 1, 2);
  const tooMuch = host.memory.allocatePreserve(2 ** 50);
  const before = host.journal.lines.length;
  expect(await codeOf(() => host.orchestrator.freezeAll())).toBe('ENOMEM');
  expect(host.journal.lines.slice(before)).toEqual([]);
  host.memory.unpreserveFree(tooMuch);
  await host.reboot();
  await expectAll(host, 1, 2);
});

it.each(['seed', 'upstream'] as const)(
  'asks no %s handler for a file that finds no memory',
  async (profile) => {
    const host = new TestHost({ profile });
    const session = host.create('s');
    await session.preserve(1n, testFile('a'));
    const { files } = host.orchestrator.sessions.outgoing.get('s') as SessionEntry<TestFile>;
    for (const part of [files.index, files.files] as const) {
      const reserve = part === files.index ? 'reserve' : 'reserveRow';
      jest.spyOn(part, reserve as never).mockImplementationOnce((() => {
        throw new LuoError('ENOMEM', 'allocate', {}, 'no memory for a table');
      }) as never);
      const before = host.journal.lines.length;
      expect(await codeOf(() => session.preserve(2n, testFile('b')))).toBe('ENOMEM');
      expect(host.journal.lines.slice(before)).toEqual([]);
      expect([files.files.length, files.count, host.references.total]).toEqual([1, 1, 1]);
    }
    await session.preserve(2n, testFile('b'));
    await host.reboot();
    expect(await host.retrieve('s').retrieve(2n)).toEqual(testFile('b'));
  },
);

it('a full session is ENOSPC, also where there is no memory', async () => {
  const host = new TestHost({ profile: { ...UPSTREAM_PROFILE, blocksMax: 1 } });
  const session = host.create('s');
  for (let i = 0; i < 63; i++) await session.preserve(BigInt(i), testFile(`f${i}`));
  const { files } = host.orchestrator.sessions.outgoing.get('s') as SessionEntry<TestFile>;
  const reserve = jest.spyOn(files.index, 'reserve').mockImplementation(() => {
    throw new LuoError('ENOMEM', 'allocate', {}, 'no memory for a table');
  });
  expect(await codeOf(() => session.preserve(100n, testFile('b')))).toBe('ENOSPC');
  reserve.mockRestore();
});

it('gives the page back that was taken for a file that then finds no memory', async () => {
  const host = new TestHost();
  const session = host.create('s');
  const before = host.memory.preservedSizeBytes;
  const { files } = host.orchestrator.sessions.outgoing.get('s') as SessionEntry<TestFile>;
  jest.spyOn(files.index, 'reserve').mockImplementationOnce(() => {
    throw new LuoError('ENOMEM', 'allocate', {}, 'no memory for a table');
  });
  expect(await codeOf(() => session.preserve(1n, testFile('a')))).toBe('ENOMEM');
  expect(host.memory.preservedSizeBytes).toBe(before);
});

/** The next search for a token finds no memory for its table. */
function starveSearch({ index }: SessionEntry<TestFile>['files']): void {
  jest.spyOn(index, 'find').mockImplementationOnce(() => {
    throw new LuoError('ENOMEM', 'allocate', {}, 'no memory for a table');
  });
}

function outOfMemory(operation: string): unknown {
  const subject = { session: 's', token: 7n };
  return expect.objectContaining({ code: 'ENOMEM', operation, subject });
}

it('says for which token a search found no memory, and finds it afterwards', async () => {
  const host = new TestHost();
  const file = testFile('a');
  const first = host.create('s');
  starveSearch((host.orchestrator.sessions.outgoing.get('s') as SessionEntry<TestFile>).files);
  expect(() => first.preserve(7n, file)).toThrow(outOfMemory('preserve') as Error);
  await first.preserve(7n, file);
  await host.reboot();
  const second = host.retrieve('s');
  starveSearch((host.orchestrator.sessions.incoming.get('s') as SessionEntry<TestFile>).files);
  expect(() => second.retrieve(7n)).toThrow(outOfMemory('retrieve') as Error);
  expect(await second.retrieve(7n)).toEqual(file);
});

/** Its files are numbers on pages of their own, taken and given back in the middle of the freeze. */
function restless(memory: () => ReturnType<typeof createHandoverMemory>): FileHandler<TestFile> {
  const spare = new Map<string, number>();
  return {
    compatible: 'restless-v1',
    canPreserve: () => true,
    preserve: ({ name }) => {
      spare.set(name, memory().allocatePreserve(1));
      return 0n;
    },
    unpreserve: () => undefined,
    freeze: ({ file }) => {
      memory().unpreserveFree(spare.get(file.name) as number);
      const address = memory().allocatePreserve(pageSizeBytes + 1);
      memory().preservedBytes(address)[pageSizeBytes] = Number(file.name);
      return BigInt(address);
    },
    retrieve: ({ data }) => {
      const name = String(memory().restoredBytes(Number(data))[pageSizeBytes]);
      memory().restoreFree(Number(data));
      return { name };
    },
    finish: () => undefined,
  };
}

it.each([
  ['heap', () => createHandoverMemory({ pageSizeBytes })],
  ['buffer', () => handoverMemoryOver(new Uint8Array(2 ** 16).fill(0xee), { pageSizeBytes })],
])('lets handlers allocate and free while they freeze, %s', async (_kind, create) => {
  let memory = create();
  const boot = (): Orchestrator<TestFile> => {
    const orchestrator = new Orchestrator<TestFile>({ memory });
    orchestrator.registerHandler(restless(() => memory));
    return orchestrator;
  };
  const before = boot();
  const session = before.open().createSession('s');
  for (let f = 0; f < 10; f++) await session.preserve(BigInt(f), testFile(`${f + 1}`));
  const region = await before.freezeAll();
  memory = createHandoverMemory({ incoming: region });
  const restored = boot().open().retrieveSession('s');
  for (let f = 0; f < 10; f++) {
    expect(await restored.retrieve(BigInt(f))).toEqual(testFile(`${f + 1}`));
  }
  await restored.finish();
  await restored.close();
  expect(memory.restorableCount).toBe(0);
});
