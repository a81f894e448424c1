import { type FileHandler, PreservableObject } from '../index';
import {
  codeOf,
  FaultyHandler,
  MarkedTestFile,
  testFile,
  TestHost,
  type TestFile,
} from '../testing';

describe.each([
  ['objects in a table', testFile],
  ['objects that bear their own mark', (name: string) => new MarkedTestFile(name)],
])('%s', (_kind, newFile) => {
  it('D3: a retrieved file can be preserved again only after its session is finished', async () => {
    const host = new TestHost({ newFile });
    await host.create('s').preserve(1n, newFile('a'));
    await host.reboot();
    const session = host.retrieve('s');
    const file = await session.retrieve(1n);
    const next = host.create('s');
    expect(await codeOf(() => next.preserve(1n, file))).toBe('EBUSY');
    await session.finish();
    expect(await codeOf(() => next.preserve(1n, file))).toBeNull();
  });

  it('D3: refusing an object again leaves it held, however often it is tried', async () => {
    const host = new TestHost({ newFile });
    const session = host.create('s');
    const file = newFile('a');
    await session.preserve(1n, file);
    for (const token of [2n, 3n]) {
      expect(await codeOf(() => session.preserve(token, file))).toBe('EBUSY');
    }
  });

  describe('D3: retrieve returning an object that is held already only warns', () => {
    async function retrievedTwice(keep: boolean) {
      const same = newFile('same');
      const handler: FileHandler<TestFile> = Object.assign(new FaultyHandler(), {
        retrieve: () => same,
      });
      const host = new TestHost({ handlers: [handler] });
      const first = host.create('s');
      for (const token of [1n, 2n]) await first.preserve(token, newFile(`f${token}`));
      await host.reboot();
      if (keep) await host.create('kept').preserve(1n, newFile('kept'));
      const session = host.retrieve('s');
      for (const token of [1n, 2n]) expect(await session.retrieve(token)).toBe(same);
      return { host, session, same, next: host.create('next') };
    }

    it.each([
      ['at once while something is preserved', true],
      ['with the next preserve otherwise', false],
    ])('%s', async (_, keep) => {
      const { host, session, same, next } = await retrievedTwice(keep);
      const warning = expect.objectContaining({ operation: 'retrieve' }) as unknown;
      expect(host.warnings).toEqual(keep ? [warning] : []);
      expect(await codeOf(() => next.preserve(1n, same))).toBe('EBUSY');
      expect(host.warnings).toEqual([warning]);
      await session.finish();
      expect(await codeOf(() => next.preserve(1n, same))).toBeNull();
    });
  });

  it('D3: what was retrieved and finished before the first preserve is free', async () => {
    const host = new TestHost({ newFile });
    const first = host.create('s');
    for (const token of [1n, 2n]) await first.preserve(token, newFile(`f${token}`));
    await host.reboot();
    const session = host.retrieve('s');
    const files = [await session.retrieve(1n), await session.retrieve(2n)];
    await session.finish();
    const next = host.create('next');
    for (const [i, file] of files.entries()) {
      expect(await codeOf(() => next.preserve(BigInt(i), file))).toBeNull();
    }
  });
});

it('D3: the identity is what getId says, over all handlers and sessions', async () => {
  const inode = new Map<string, number>();
  const handler: FileHandler<TestFile> = Object.assign(new FaultyHandler(), {
    getId: ({ name }: TestFile) => inode.get(name) ?? name,
  });
  const host = new TestHost({ handlers: [handler] });
  inode.set('original', 7).set('duplicate', 7);
  await host.create('one').preserve(1n, testFile('original'));
  const two = host.create('two');
  expect(await codeOf(() => two.preserve(1n, testFile('duplicate')))).toBe('EBUSY');
  expect(await codeOf(() => two.preserve(1n, testFile('other')))).toBeNull();
});

it('D3: getId is asked when its own file is retrieved, never by the preserve of another', async () => {
  const open = new Set(['ours', 'other']);
  const handler: FileHandler<TestFile> = Object.assign(new FaultyHandler(), {
    retrieve: () => testFile('ours'),
    getId: ({ name }: TestFile) => {
      if (!open.has(name)) throw new Error(`${name} is closed`);
      return name;
    },
  });
  const host = new TestHost({ handlers: [handler] });
  await host.create('s').preserve(1n, testFile('ours'));
  await host.reboot();
  await host.retrieve('s').retrieve(1n);
  open.delete('ours');
  const next = host.create('next');
  expect(await codeOf(() => next.preserve(1n, testFile('other')))).toBeNull();
});

it('D3: an identity that getId tells may be an object that can be preserved itself', async () => {
  class Inode extends PreservableObject {}
  const inodes = new Map([['first', new Inode()]]);
  inodes.set('second', inodes.get('first') as Inode).set('other', new Inode());
  const handler: FileHandler<TestFile> = Object.assign(new FaultyHandler(), {
    getId: ({ name }: TestFile) => inodes.get(name),
  });
  const host = new TestHost({ handlers: [handler] });
  const session = host.create('s');
  await session.preserve(1n, testFile('first'));
  expect(await codeOf(() => session.preserve(2n, testFile('second')))).toBe('EBUSY');
  expect(await codeOf(() => session.preserve(2n, testFile('other')))).toBeNull();
  await session.close();
  const next = host.create('s');
  expect(await codeOf(() => next.preserve(1n, testFile('second')))).toBeNull();
});

it('D3: engines of one process hold the same object without each other', async () => {
  const file = new MarkedTestFile('shared');
  const [one, two] = [new TestHost().create('s'), new TestHost().create('s')];
  for (const session of [one, two]) {
    expect(await codeOf(() => session.preserve(1n, file))).toBeNull();
    expect(await codeOf(() => session.preserve(2n, file))).toBe('EBUSY');
  }
  await one.close();
  expect(await codeOf(() => two.preserve(2n, file))).toBe('EBUSY');
});
