/** The words of states and phases as answers write them, in the order in which things pass through them. */
import {
  HOST_UPDATE_KINDS,
  type HostUpdateKind,
  isRolloutTerminal,
  type Phase,
  PHASES,
  RELEASE_KINDS,
  ROLLOUT_KINDS,
  type RolloutKind,
  WAVE_KINDS,
  type WaveKind,
} from '@luofleet/rollout';

export const HOST_STATES = ['online', 'offline', 'decommissioned'] as const;
export type HostState = (typeof HOST_STATES)[number];

export const BACKENDS = ['kernel', 'engine', 'memory'] as const;
export type BackendName = (typeof BACKENDS)[number];

export { RELEASE_KINDS };

export const PHASE_NAMES = PHASES;
export type PhaseName = Phase;

export const ROLLOUT_STATES = ROLLOUT_KINDS;
export type RolloutStateName = RolloutKind;

/** Rollout states in which nothing happens any more unless an operator retries. */
export const ENDED_ROLLOUT_STATES = ROLLOUT_KINDS.filter((kind) => isRolloutTerminal({ kind }));

export const WAVE_STATES = WAVE_KINDS;
export type WaveStateName = WaveKind;

export const HOST_UPDATE_STATES = HOST_UPDATE_KINDS;
export type HostUpdateStateName = HostUpdateKind;

export const SESSION_STATES = [
  'preserved',
  'frozen',
  'unpreserved',
  'retrieved',
  'finished',
  'failed',
  'lost',
] as const;
export type SessionStateName = (typeof SESSION_STATES)[number];

export const FILE_STATES = [
  'preserved',
  'frozen',
  'unpreserved',
  'deserialized',
  'retrieved',
  'finished',
  'failed',
  'lost',
] as const;
export type FileStateName = (typeof FILE_STATES)[number];

export const ROLLOUT_ACTIONS = ['pause', 'resume', 'abort', 'retry'] as const;
export type RolloutActionName = (typeof ROLLOUT_ACTIONS)[number];
