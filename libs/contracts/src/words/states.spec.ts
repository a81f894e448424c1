import {
  HOST_UPDATE_KINDS,
  isRolloutTerminal,
  PHASES,
  ROLLOUT_KINDS,
  WAVE_KINDS,
} from '@luofleet/rollout';
import {
  ENDED_ROLLOUT_STATES,
  HOST_UPDATE_STATES,
  PHASE_NAMES,
  ROLLOUT_STATES,
  WAVE_STATES,
} from './states';

describe('the words of states', () => {
  it.each([
    ['rollouts', ROLLOUT_STATES, ROLLOUT_KINDS],
    ['waves', WAVE_STATES, WAVE_KINDS],
    ['host updates', HOST_UPDATE_STATES, HOST_UPDATE_KINDS],
    ['phases', PHASE_NAMES, PHASES],
  ])('of %s are those of the state machine', (_name, words, kinds) =>
    expect([...words].sort()).toEqual([...kinds].sort()),
  );

  it('name the ended states of rollouts', () =>
    expect(ROLLOUT_KINDS.filter((kind) => isRolloutTerminal({ kind })).sort()).toEqual(
      [...ENDED_ROLLOUT_STATES].sort(),
    ));
});
