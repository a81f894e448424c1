import fc from 'fast-check';
import {
  createHandoverMemory,
  handoverMemoryOver,
  LuoError,
  type HandoverMemory,
  type HandoverRoot,
} from '../index';
import { codeOf } from '../testing';

const ROOT: HandoverRoot = { liveUpdateNumber: 1n, sessionsAddress: 0n, sharedObjectsAddress: 0n };

const kinds: [string, () => HandoverMemory][] = [
  ['heap', () => createHandoverMemory({ pageSizeBytes: 256, pagesMax: 40 })],
  ['buffer', () => handoverMemoryOver(new Uint8Array(256 * 40).fill(0xee), { pageSizeBytes: 256 })],
];

describe.each(kinds)('handover memory, %s', (_kind, create) => {
  it('hands out zeroed pages at page addresses, never 0', () => {
    const memory = create();
    const addresses = [1, 256, 257].map((size) => memory.allocatePreserve(size));
    expect(addresses).toEqual([256, 512, 768]);
    expect(addresses.map((address) => memory.preservedBytes(address).length)).toEqual([
      256, 256, 512,
    ]);
    expect(memory.preservedBytes(768).every((byte) => byte === 0)).toBe(true);
    expect(memory.preservedSizeBytes).toBe(1024);
  });

  it('reuses freed pages, zeroed again, and refuses a double free', async () => {
    const memory = create();
    const [first] = [memory.allocatePreserve(512), memory.allocatePreserve(1)];
    memory.preservedBytes(first).fill(7);
    memory.unpreserveFree(first);
    expect(await codeOf(() => memory.unpreserveFree(first))).toBe('EINVAL');
    expect(await codeOf(() => memory.preservedBytes(first))).toBe('EINVAL');
    expect(memory.allocatePreserve(256)).toBe(first);
    expect(memory.preservedBytes(first).every((byte) => byte === 0)).toBe(true);
  });

  it('refuses what does not fit with ENOMEM and odd sizes with EINVAL', async () => {
    const memory = create();
    expect(await codeOf(() => memory.allocatePreserve(40 * 256))).toBe('ENOMEM');
    for (const size of [0, -1, 1.5, Number.NaN]) {
      expect(await codeOf(() => memory.allocatePreserve(size))).toBe('EINVAL');
    }
    const sizeBytes = 38 * 256;
    const address = memory.allocatePreserve(sizeBytes);
    expect(await codeOf(() => memory.allocatePreserve(1))).toBe('ENOMEM');
    memory.preservedBytes(address).fill(1);
    expect(memory.seal(ROOT).length).toBe(40 * 256);
  });

  it('brings pages across, each to be given up once', async () => {
    const memory = create();
    const [gone, kept] = [memory.allocatePreserve(1), memory.allocatePreserve(300)];
    memory.preservedBytes(kept).set([1, 2, 3]);
    memory.unpreserveFree(gone);
    const next = createHandoverMemory({ incoming: memory.seal(ROOT).slice() });
    expect(next.pageSizeBytes).toBe(256);
    expect(next.incoming).toEqual(ROOT);
    expect([...next.restoredBytes(kept).subarray(0, 4)]).toEqual([1, 2, 3, 0]);
    for (const address of [gone, kept + 256, kept + 1, 0, -1, Number.NaN, 2 ** 53]) {
      expect(await codeOf(() => next.restoredBytes(address))).toBe('EINVAL');
    }
    next.restoreFree(kept);
    expect(await codeOf(() => next.restoreFree(kept))).toBe('EINVAL');
    expect(next.restorableCount).toBe(0);
  });

  it('is closed while sealed and no region before and after', async () => {
    const memory = create();
    const address = memory.allocatePreserve(1);
    const region = memory.seal(ROOT);
    expect(await codeOf(() => memory.seal(ROOT))).toBe('EBUSY');
    expect(await codeOf(() => memory.layOut())).toBe('EBUSY');
    expect(await codeOf(() => memory.unpreserveFree(address))).toBe('EBUSY');
    expect(await codeOf(() => createHandoverMemory({ incoming: region }))).toBeNull();
    memory.unseal();
    expect(await codeOf(() => createHandoverMemory({ incoming: region }))).toBe('EINVAL');
    expect(await codeOf(() => memory.unseal())).toBe('EINVAL');
    expect(await codeOf(() => memory.unpreserveFree(address))).toBeNull();
  });

  it('hands out zeroes where a page or the table of an earlier layout was', () => {
    const memory = create();
    const first = memory.allocatePreserve(1);
    memory.layOut();
    memory.preservedBytes(first).fill(7);
    memory.unpreserveFree(first);
    expect(memory.allocatePreserve(1)).toBe(first);
    expect([...memory.preservedBytes(first)]).toEqual(new Array(256).fill(0));
    const sealed = create();
    sealed.allocatePreserve(1);
    sealed.layOut();
    sealed.seal(ROOT);
    sealed.unseal();
    const second = sealed.allocatePreserve(1);
    expect([...sealed.preservedBytes(second)]).toEqual(new Array(256).fill(0));
  });

  it('brings every page across, whenever it was written and whatever the layout was', () => {
    const step = fc.record({
      kind: fc.constantFrom('take', 'take', 'look', 'write', 'free', 'layOut', 'reseal'),
      pick: fc.nat(),
      pages: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const memory = create();
        const held = new Map<number, Uint8Array>();
        const fill = (address: number, value: number): void => {
          // Not all of it: what was never written has to be zero.
          const content = (held.get(address) as Uint8Array).subarray(0, 200).fill(value);
          memory.preservedBytes(address).set(content);
        };
        for (const { kind, pick, pages } of steps) {
          const address = [...held.keys()][pick % held.size] ?? 0;
          if (kind === 'layOut') memory.layOut();
          else if (kind === 'reseal') {
            memory.seal(ROOT);
            memory.unseal();
          } else if (kind === 'take') {
            if (memory.preservedSizeBytes < 30 * 256) {
              held.set(memory.allocatePreserve(pages * 256), new Uint8Array(pages * 256));
            }
          } else if (address === 0) continue;
          else if (kind === 'write') fill(address, pick % 256);
          else if (kind === 'look') {
            expect(memory.preservedBytes(address)).toEqual(held.get(address));
          } else {
            memory.unpreserveFree(address);
            held.delete(address);
          }
        }
        const next = createHandoverMemory({ incoming: memory.seal(ROOT).slice() });
        for (const [address, content] of held) {
          expect(next.restoredBytes(address)).toEqual(content);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never gives one page to two callers and loses none, whatever the order', () => {
    const life = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 900 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(life, (steps) => {
        const memory = create();
        const held: { address: number; pages: number }[] = [];
        for (const [take, size] of steps) {
          if (!take && held.length > 0) {
            const [released] = held.splice(size % held.length, 1);
            memory.unpreserveFree(released!.address);
            continue;
          }
          try {
            held.push({ address: memory.allocatePreserve(size), pages: Math.ceil(size / 256) });
          } catch (error) {
            expect(error).toMatchObject({ code: 'ENOMEM' });
          }
        }
        const pages = held.flatMap((run) =>
          Array.from({ length: run.pages }, (_, i) => run.address / 256 + i),
        );
        expect(new Set(pages).size).toBe(pages.length);
        expect(memory.preservedSizeBytes).toBe(pages.length * 256);
        for (const { address } of held) memory.unpreserveFree(address);
        expect(memory.allocatePreserve(38 * 256)).toBe(256);
      }),
      { numRuns: 200 },
    );
  });
});

it('a region that the heap has no room for is ENOMEM when it is laid out', async () => {
  const memory = createHandoverMemory({ pagesMax: 2 ** 40 });
  const address = memory.allocatePreserve(2 ** 50);
  expect(await codeOf(() => memory.layOut())).toBe('ENOMEM');
  expect(await codeOf(() => memory.preservedBytes(address))).toBe('ENOMEM');
  expect(await codeOf(() => memory.seal(ROOT))).toBe('ENOMEM');
  memory.unpreserveFree(address);
  expect(await codeOf(() => memory.seal(ROOT))).toBeNull();
});

it('what is written after the layout is in the region without a copy', () => {
  const memory = createHandoverMemory();
  const early = memory.allocatePreserve(1);
  memory.preservedBytes(early)[0] = 1;
  const late = memory.allocatePreserve(1);
  memory.layOut();
  const page = memory.preservedBytes(late);
  page[0] = 2;
  const region = memory.seal(ROOT);
  expect(page.buffer).toBe(region.buffer);
  expect([region[early], region[late]]).toEqual([1, 2]);
});

it('pages of a second layout do not keep another region alive', () => {
  const memory = createHandoverMemory();
  memory.layOut();
  memory.seal(ROOT);
  memory.unseal();
  const address = memory.allocatePreserve(1);
  memory.layOut();
  const page = memory.preservedBytes(address).fill(3);
  const region = memory.seal(ROOT);
  expect(page.buffer).not.toBe(region.buffer);
  expect(region[address]).toBe(3);
});

it('a buffer of the caller is no region until sealed and none after unsealing', async () => {
  const buffer = new Uint8Array(2048);
  const memory = handoverMemoryOver(buffer, { pageSizeBytes: 256 });
  const address = memory.allocatePreserve(10);
  memory.preservedBytes(address)[0] = 42;
  expect(await codeOf(() => createHandoverMemory({ incoming: buffer.slice() }))).toBe('EINVAL');
  const region = memory.seal(ROOT);
  expect(region.buffer).toBe(buffer.buffer);
  expect(createHandoverMemory({ incoming: region.slice() }).restoredBytes(address)[0]).toBe(42);
  memory.unseal();
  expect(await codeOf(() => createHandoverMemory({ incoming: region.slice() }))).toBe('EINVAL');
});

it('an impossible page size, or a buffer without a page, is EINVAL', async () => {
  for (const pageSizeBytes of [0, 100, 128, 3000, 2 ** 21]) {
    expect(await codeOf(() => createHandoverMemory({ pageSizeBytes }))).toBe('EINVAL');
  }
  expect(await codeOf(() => handoverMemoryOver(new Uint8Array(100)))).toBe('EINVAL');
});

it('a cold boot has nothing to restore', async () => {
  const memory = createHandoverMemory();
  expect(memory.incoming).toBeNull();
  expect(await codeOf(() => memory.restoredBytes(4096))).toBe('EINVAL');
  expect(await codeOf(() => memory.restoreFree(4096))).toBe('EINVAL');
});

it('a region of another version or page size is refused by name', async () => {
  const region = createHandoverMemory({ pageSizeBytes: 256 }).seal(ROOT);
  const version = region.slice();
  version[8] = 3;
  const boot = (incoming: Uint8Array, pageSizeBytes?: number) => () =>
    createHandoverMemory({ incoming, pageSizeBytes });
  expect(await codeOf(boot(version))).toBe('EPROTO');
  expect(await codeOf(boot(region, 512))).toBe('EBADMSG');
  expect(await codeOf(boot(new Uint8Array(0)))).toBe('EINVAL');
  expect(await codeOf(boot(new Uint8Array(4096)))).toBe('EINVAL');
  try {
    createHandoverMemory({ incoming: version });
  } catch (error) {
    expect(error).toBeInstanceOf(LuoError);
    expect((error as LuoError).message).toContain('format version 3, not 2');
  }
});
