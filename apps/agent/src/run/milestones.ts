import { performance } from 'node:perf_hooks';

const reached = new Map<string, number>();

/** This process has got so far; the first time counts. Where a blackout's time went is read from these. */
export function milestone(name: string): void {
  if (!reached.has(name)) reached.set(name, performance.now());
}

/** Milliseconds from the start of this process, to two places; `node` is when Node itself was ready. */
export const milestonesMs = (): Record<string, number> =>
  Object.fromEntries(
    [['node', performance.nodeTiming.bootstrapComplete] as const, ...reached].map(([name, ms]) => [
      name,
      Number(ms.toFixed(2)),
    ]),
  );
