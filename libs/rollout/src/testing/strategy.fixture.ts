import type { Strategy } from '../model/strategy';

/** Every phase has its own time, so that a test that sees the wrong one fails. Milliseconds. */
export const STRATEGY: Strategy = {
  waves: [1, '25%'],
  maxConcurrent: 2,
  maxFailures: 0,
  phaseTimeoutsMs: {
    preflight: 1_000,
    preserve: 2_000,
    freeze: 3_000,
    reboot: 4_000,
    retrieve: 5_000,
    finish: 6_000,
    verify: 7_000,
    rollback: 8_000,
  },
  soakMs: 500,
  finishRetryMs: 900,
  finishTriesMax: 3,
  offline: { waitMs: 20_000, then: 'skip' },
  force: false,
};
