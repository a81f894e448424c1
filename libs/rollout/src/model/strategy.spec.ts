import { STRATEGY } from '../testing/strategy.fixture';
import { PHASE_TIMEOUT_DEFAULTS_MS, strategyOf } from './strategy';

it('gives a strategy of an earlier version what that did not have', () => {
  const { offline: _offline, force: _force, ...earlier } = STRATEGY;
  const { verify: _verify, ...timeouts } = STRATEGY.phaseTimeoutsMs;
  expect(strategyOf({ ...earlier, phaseTimeoutsMs: timeouts })).toEqual({
    ...STRATEGY,
    offline: { waitMs: 1_800_000, then: 'skip' },
    force: false,
    phaseTimeoutsMs: { ...timeouts, verify: PHASE_TIMEOUT_DEFAULTS_MS.verify },
  });
});
