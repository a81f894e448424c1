import {
  createHandoverMemory,
  LUO_ABI_COMPATIBLE,
  UPSTREAM_PROFILE,
  type HandlerOwner,
} from '../index';
import {
  altered,
  codeOf,
  FaultyHandler,
  sessionOffset,
  testFile,
  TestHost,
  type TestFile,
} from '../testing';

function countingOwner(): HandlerOwner & { pins: number; alive: boolean } {
  return {
    pins: 0,
    alive: true,
    tryGet() {
      if (this.alive) this.pins += 1;
      return this.alive;
    },
    put() {
      this.pins -= 1;
    },
  };
}

it('D1: a set grows by one block for every 63 files and shrinks again, up to 10,000 blocks', async () => {
  const host = new TestHost();
  const session = host.create('s');
  const base = host.memory.preservedSizeBytes;
  for (let i = 0; i < 130; i++) {
    await session.preserve(BigInt(i), testFile(`f${i}`));
    expect(host.memory.preservedSizeBytes - base).toBe(Math.ceil((i + 1) / 63) * 4096);
  }
  expect(session.fileCountMax).toBe(630_000);
  host.handler.fail('preserve', 'refused', 'EIO');
  for (let i = 130; i < 189; i++) await session.preserve(BigInt(i), testFile(`f${i}`));
  expect(await codeOf(() => session.preserve(500n, testFile('refused')))).toBe('EIO');
  expect(host.memory.preservedSizeBytes - base).toBe(3 * 4096);
  await host.reboot();
  expect(host.retrieve('s').fileCount).toBe(189);
});

it('D2: the first retrieve error stands, the callback is not asked again', async () => {
  const host = new TestHost();
  await host.create('s').preserve(1n, testFile('a'));
  await host.reboot();
  const session = host.retrieve('s');
  host.handler.fail('retrieve', 'a', 'ENOMEM');
  const errors = [];
  for (let i = 0; i < 3; i++) errors.push(await codeOf(() => session.retrieve(1n)));
  expect(errors).toEqual(['ENOMEM', 'ENOMEM', 'ENOMEM']);
  expect(host.journal.takeOnly('retrieve')).toEqual(['retrieve a']);
});

it('D4: EEXIST, ENOSPC, EBADF, ENOENT, EBUSY, shared object, preserve: in this order', async () => {
  const owner = countingOwner();
  const journal: string[] = [];
  const handler = new FaultyHandler({ owner, accepts: ({ name }) => name !== 'odd' });
  const profile = { ...UPSTREAM_PROFILE, blocksMax: 1 };
  const host = new TestHost({ profile, pageSizeBytes: 256, handlers: [handler] });
  const shared = {
    name: 'shared',
    preserve: () => {
      journal.push('shared');
      throw Object.assign(new Error('no'), { code: 'ENODATA' });
    },
    unpreserve: () => undefined,
    retrieve: () => undefined,
    finish: () => undefined,
  };
  const session = host.create('s');
  const taken = testFile('taken');
  await session.preserve(1n, taken);
  const closed = testFile('closed');
  host.references.close(closed);
  const preserve = (token: bigint, file: TestFile) => codeOf(() => session.preserve(token, file));
  host.orchestrator.registerSharedObject(handler, shared);
  expect(await preserve(1n, closed)).toBe('EEXIST');
  expect(await preserve(2n, closed)).toBe('EBADF');
  expect(await preserve(2n, testFile('odd'))).toBe('ENOENT');
  owner.alive = false;
  expect(await preserve(2n, taken)).toBe('ENOENT');
  owner.alive = true;
  expect(await preserve(2n, taken)).toBe('EBUSY');
  expect(journal).toEqual([]);
  handler.fail('preserve', 'b', 'EFBIG');
  expect(await preserve(2n, testFile('b'))).toBe('ENODATA');
  host.orchestrator.unregisterSharedObject(handler, shared);
  expect(await preserve(2n, testFile('b'))).toBe('EFBIG');
  for (const token of [2n, 3n]) await session.preserve(token, testFile(`f${token}`));
  expect(await preserve(9n, closed)).toBe('ENOSPC');
  expect(await preserve(1n, closed)).toBe('EEXIST');
  expect(owner.pins).toBe(3);
});

it('D5: after a failed reboot the same sessions can be frozen again', async () => {
  const host = new TestHost();
  const session = host.create('s');
  for (const name of ['a', 'b']) await session.preserve(BigInt(name.charCodeAt(0)), testFile(name));
  host.handler.fail('freeze', 'b', 'EIO');
  expect(await codeOf(() => host.orchestrator.freezeAll())).toBe('EIO');
  host.handler.heal('b');
  await host.reboot();
  expect(await host.retrieve('s').retrieve(97n)).toEqual({ name: 'a' });
});

it.each([
  ['an empty block', 0n],
  ['an over-full block', 64n],
  ['a wild count', 2n ** 64n - 1n],
])('D6: %s is EIO at open', async (_what, count) => {
  const host = new TestHost();
  await host.create('s').preserve(1n, testFile('a'));
  const region = await host.orchestrator.freezeAll();
  const files = Number(
    new DataView(region.buffer).getBigUint64(sessionOffset(region, 's') + 64, true),
  );
  host.boot(altered(region, (view) => view.setBigUint64(files + 8, count, true)));
  expect(await codeOf(() => host.device)).toBe('EIO');
  expect(host.orchestrator.report()).toEqual([expect.objectContaining({ fileCount: 0 })]);
});

it('D6: a circle of file blocks is EIO at open and every page is given up once', async () => {
  const host = new TestHost();
  const session = host.create('s');
  for (let i = 0; i < 70; i++) await session.preserve(BigInt(i), testFile(`f${i}`));
  const region = await host.orchestrator.freezeAll();
  const files = new DataView(region.buffer).getBigUint64(sessionOffset(region, 's') + 64, true);
  host.boot(
    altered(region, (view) => {
      const second = Number(view.getBigUint64(Number(files), true));
      view.setBigUint64(second, files, true);
    }),
  );
  const error = await Promise.resolve()
    .then(() => host.device)
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    code: 'EIO',
    cause: { detail: 'the chain of blocks is a circle' },
  });
  expect(host.memory.restorableCount).toBe(0);
});

it('D8: an owner is pinned by each file, also by deserialised ones, and a dying one is ENOENT', async () => {
  const owner = countingOwner();
  const handler = new FaultyHandler({ owner });
  const host = new TestHost({ handlers: [handler] });
  expect(owner.pins).toBe(0);
  const session = host.create('s');
  for (const token of [1n, 2n]) await session.preserve(token, testFile(`f${token}`));
  owner.alive = false;
  expect(await codeOf(() => session.preserve(4n, testFile('y')))).toBe('ENOENT');
  owner.alive = true;
  handler.fail('preserve', 'x', 'EIO');
  expect(await codeOf(() => session.preserve(3n, testFile('x')))).toBe('EIO');
  expect(owner.pins).toBe(2);
  const region = (await host.orchestrator.freezeAll()).slice();
  await host.orchestrator.unfreezeAll();
  await session.close();
  expect(owner.pins).toBe(0);
  host.boot(region);
  expect(host.device).toBeDefined();
  expect(owner.pins).toBe(2);
  owner.alive = false;
  host.boot(region);
  expect(await codeOf(() => host.device)).toBe('EIO');
});

it('D8: finishing drops the pins of deserialised files', async () => {
  const owner = countingOwner();
  const handler = new FaultyHandler({ owner });
  const host = new TestHost({ handlers: [handler] });
  await host.create('s').preserve(1n, testFile('a'));
  const region = await host.orchestrator.freezeAll();
  owner.pins = 0;
  host.boot(region);
  const session = host.retrieve('s');
  expect(owner.pins).toBe(1);
  await session.finish();
  expect(owner.pins).toBe(0);
});

it('D12: the region carries struct luo_ser of ABI luo-v5', async () => {
  const host = new TestHost();
  host.create('s');
  const region = await host.orchestrator.freezeAll();
  expect(String.fromCharCode(...region.subarray(32, 40))).toBe(`${LUO_ABI_COMPATIBLE}\0\0`);
  const view = new DataView(region.buffer);
  expect(view.getBigUint64(40, true)).toBe(1n);
  expect(Number(view.getBigUint64(48, true)) % 4096).toBe(0);
  expect(view.getBigUint64(56, true)).toBe(0n);
  expect(createHandoverMemory({ incoming: region }).incoming).toMatchObject({
    liveUpdateNumber: 1n,
  });
});

it('D13: handler names are open-ended', async () => {
  const names = ['memfd-v2', 'vfio-pci-v1', 'iommufd-v0', 'x'.repeat(47)];
  const handlers = names.map((compatible) => {
    return new FaultyHandler({ compatible, accepts: ({ name }) => name === compatible });
  });
  const host = new TestHost({ handlers });
  const session = host.create('s');
  for (const [i, name] of names.entries()) await session.preserve(BigInt(i), testFile(name));
  expect(host.orchestrator.compatiblesInUse()).toEqual([...names].sort());
  await host.reboot();
  expect(
    host
      .retrieve('s')
      .report()
      .map(({ compatible }) => compatible),
  ).toEqual(names);
});
