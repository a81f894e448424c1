/** The words of states and phases as answers write them, in the order in which things pass through them. */

export const HOST_STATES = ['online', 'offline', 'decommissioned'] as const;
export type HostState = (typeof HOST_STATES)[number];

export const BACKENDS = ['kernel', 'engine', 'memory'] as const;
export type BackendName = (typeof BACKENDS)[number];

export const RELEASE_KINDS = ['kernel', 'runtime'] as const;

export const PHASE_NAMES = [
  'preflight',
  'preserve',
  'freeze',
  'reboot',
  'retrieve',
  'finish',
  'verify',
] as const;
export type PhaseName = (typeof PHASE_NAMES)[number];

export const ROLLOUT_STATES = [
  'planned',
  'running',
  'paused',
  'aborting',
  'succeeded',
  'failed',
  'aborted',
] as const;
export type RolloutStateName = (typeof ROLLOUT_STATES)[number];

/** Rollout states in which nothing happens any more unless an operator retries. */
export const ENDED_ROLLOUT_STATES = [
  'succeeded',
  'failed',
  'aborted',
] as const satisfies readonly RolloutStateName[];

export const WAVE_STATES = ['pending', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type WaveStateName = (typeof WAVE_STATES)[number];

export const HOST_UPDATE_STATES = [
  'pending',
  'running',
  'rolling-back',
  'held',
  'succeeded',
  'rolled-back',
  'failed',
  'lost',
  'lost-state',
  'cancelled',
  'skipped',
] as const;
export type HostUpdateStateName = (typeof HOST_UPDATE_STATES)[number];

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

/** What becomes of a host that stays offline although its turn has come. */
export const OFFLINE_ENDS = ['skip', 'fail', 'wait'] as const;

export const ROLLOUT_ACTIONS = ['pause', 'resume', 'abort', 'retry'] as const;
export type RolloutActionName = (typeof ROLLOUT_ACTIONS)[number];
