/** Runs something while the runtime has memory for so many arrays and buffers, and no more; views take none. */
export function withMemoryFor<T>(arrays: number, run: () => T): T {
  let left = arrays;
  const spies = (['ArrayBuffer', 'Int32Array', 'Uint8Array'] as const).map((name) => {
    const real = globalThis[name] as new (...args: unknown[]) => object;
    const scarce = (...args: unknown[]): object => {
      if (typeof args[0] === 'number' && left-- <= 0) {
        throw new RangeError('Array buffer allocation failed');
      }
      return new real(...args);
    };
    return jest.spyOn(globalThis, name).mockImplementation(scarce as never);
  });
  try {
    return run();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
