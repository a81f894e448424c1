import { Backoff } from './backoff';

describe('Backoff', () => {
  it('doubles its ceiling up to the maximum and starts again after a success', () => {
    const highest = new Backoff(100, 1_000, () => 1);
    expect(Array.from({ length: 6 }, () => highest.nextMs())).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
    highest.reset();
    expect(highest.nextMs()).toBe(100);
  });

  it('never waits less than half of the ceiling', () => {
    const lowest = new Backoff(100, 1_000, () => 0);
    expect([lowest.nextMs(), lowest.nextMs()]).toEqual([50, 100]);
  });

  it('stays at the maximum for as long as it takes', () => {
    const backoff = new Backoff(100, 1_000, () => 1);
    for (let i = 0; i < 5_000; i += 1) backoff.nextMs();
    expect(backoff.nextMs()).toBe(1_000);
  });
});
