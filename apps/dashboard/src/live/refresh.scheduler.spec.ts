import { RefreshScheduler } from './refresh.scheduler';

/** A clock and reads that the test moves by hand. */
function bench() {
  let nowMs = 0;
  const timers: { atMs: number; run: () => void }[] = [];
  const reads: { key: string; end: () => Promise<void> }[] = [];
  const scheduler = new RefreshScheduler({
    nowMs: () => nowMs,
    setTimer: (run, delayMs) => timers.push({ atMs: nowMs + delayMs, run }),
    read: (key) =>
      new Promise((resolve) => {
        reads.push({
          key,
          end: async () => {
            resolve();
            await new Promise((settled) => setTimeout(settled));
          },
        });
      }),
  });
  const pass = (ms: number): void => {
    nowMs += ms;
    for (const timer of timers.splice(0))
      if (timer.atMs <= nowMs) timer.run();
      else timers.push(timer);
  };
  return { scheduler, reads, pass, keys: () => reads.map(({ key }) => key) };
}

describe('reading changed answers again', () => {
  it('reads at once, and once more for all marks that came meanwhile', async () => {
    const { scheduler, reads, pass, keys } = bench();
    scheduler.mark('a');
    expect(keys()).toEqual(['a']);
    for (let mark = 0; mark < 100; mark += 1) scheduler.mark('a');
    await reads[0]?.end();
    expect(keys()).toEqual(['a']);
    pass(250);
    expect(keys()).toEqual(['a', 'a']);
    await reads[1]?.end();
    pass(10_000);
    expect(keys()).toEqual(['a', 'a']);
  });

  it('pauses longer after a read that took long', async () => {
    const { scheduler, reads, pass, keys } = bench();
    scheduler.mark('a');
    pass(2000);
    scheduler.mark('a');
    await reads[0]?.end();
    pass(5999);
    expect(keys()).toEqual(['a']);
    pass(1);
    expect(keys()).toEqual(['a', 'a']);
  });

  it('reads a few answers at a time and the others as soon as one has come', async () => {
    const { scheduler, reads, keys } = bench();
    for (const key of ['a', 'b', 'c', 'd', 'e']) scheduler.mark(key);
    expect(keys()).toEqual(['a', 'b', 'c']);
    await reads[1]?.end();
    expect(keys()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('leaves no answer waiting for ever, though others change all the time', async () => {
    const { scheduler, reads, pass, keys } = bench();
    const all = Array.from({ length: 30 }, (_, index) => `page ${index}`);
    for (const key of all) scheduler.mark(key);
    for (let ended = 0; ended < 120; ended += 1) {
      pass(100);
      for (const key of all) scheduler.mark(key);
      await reads[ended]?.end();
    }
    const times = all.map((key) => keys().filter((read) => read === key).length);
    expect(Math.min(...times)).toBeGreaterThan(Math.max(...times) - 2);
  });
});
