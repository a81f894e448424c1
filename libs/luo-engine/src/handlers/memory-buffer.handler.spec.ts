import fc from 'fast-check';
import {
  createHandoverMemory,
  MemoryBuffer,
  MemoryBufferHandler,
  SimulatedMachine,
  type ProfileName,
} from '../index';
import { codeOf } from '../testing';

const handlers = (memory: ReturnType<typeof createHandoverMemory>) => [
  new MemoryBufferHandler(memory),
];

it.each(['seed', 'upstream'] as const)('carries any content across, %s', (profile: ProfileName) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 8 }), (contents) => {
      const machine = new SimulatedMachine<MemoryBuffer>({ profile, handlers, pageSizeBytes: 256 });
      const session = machine.open().createSession('s');
      contents.forEach((bytes, i) => void session.preserve(BigInt(i), new MemoryBuffer(bytes)));
      void machine.reboot();
      const restored = machine.open().retrieveSession('s');
      contents.forEach((bytes, i) => {
        const buffer = restored.retrieve(BigInt(i)) as MemoryBuffer;
        expect(buffer.bytes).toEqual(bytes);
      });
      expect(restored.close()).toBe('closed');
    }),
    { numRuns: 50 },
  );
});

it('carries the content of the moment of the freeze, but not another size', async () => {
  const machine = new SimulatedMachine<MemoryBuffer>({ handlers });
  const session = machine.open().createSession('s');
  const buffer = new MemoryBuffer(Uint8Array.of(1, 2));
  void session.preserve(1n, buffer);
  buffer.bytes = Uint8Array.of(1, 2, 3);
  expect(await codeOf(() => machine.reboot())).toBe('EINVAL');
  buffer.bytes = Uint8Array.of(8, 9);
  void machine.reboot();
  const restored = machine.open().retrieveSession('s').retrieve(1n) as MemoryBuffer;
  expect(restored.bytes).toEqual(Uint8Array.of(8, 9));
});

it('gives every page back, retrieved or not, preserved or not', () => {
  const memory = createHandoverMemory();
  const handler = new MemoryBufferHandler(memory);
  const buffer = new MemoryBuffer(new Uint8Array(10_000));
  const data = handler.preserve(buffer);
  handler.unpreserve({ file: buffer, data, privateData: undefined });
  expect(memory.preservedSizeBytes).toBe(0);
  const kept = handler.preserve(buffer);
  const lost = handler.preserve(buffer);
  const region = memory.seal({
    liveUpdateNumber: 1n,
    sessionsAddress: 0n,
    sharedObjectsAddress: 0n,
  });
  const next = createHandoverMemory({ incoming: region });
  const restorer = new MemoryBufferHandler(next);
  const file = restorer.retrieve({ data: kept });
  restorer.finish({ data: kept, file, retrieveStatus: 1 });
  restorer.finish({ data: lost, file: null, retrieveStatus: 0 });
  expect(next.restorableCount).toBe(0);
});

it('keeps no pages for a buffer that finds no memory', async () => {
  const memory = createHandoverMemory({ pagesMax: 2 ** 40 });
  const handler = new MemoryBufferHandler(memory);
  const huge = new MemoryBuffer({ length: 2 ** 50 } as Uint8Array);
  expect(await codeOf(() => handler.preserve(huge))).toBe('ENOMEM');
  expect(memory.preservedSizeBytes).toBe(0);
});
