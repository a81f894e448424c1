import {
  createHandoverMemory,
  MemoryBuffer,
  MemoryBufferHandler,
  Orchestrator,
  SimulatedMachine,
} from './index';

it('carries a buffer', () => {
  const m = new SimulatedMachine<MemoryBuffer>({
    handlers: (memory) => [new MemoryBufferHandler(memory)],
  });
  const d = m.open();
  const s = d.createSession('vm-1');
  void s.preserve(7n, new MemoryBuffer(Uint8Array.of(1, 2, 3)));
  void m.reboot();
  const d2 = m.open();
  const s2 = d2.retrieveSession('vm-1');
  expect((s2.retrieve(7n) as MemoryBuffer).bytes).toEqual(Uint8Array.of(1, 2, 3));
  void s2.finish();
  expect(s2.close()).toBe('closed');
  expect(Orchestrator).toBeDefined();
  expect(createHandoverMemory).toBeDefined();
});
