/** Where the time comes from, so that what depends on it can be told another. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };
