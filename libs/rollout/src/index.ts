export {
  BLACKOUT_CHAIN,
  COMMAND_PHASES,
  comparePhases,
  isBeforePointOfNoReturn,
  PHASES,
  type CommandPhase,
  type Phase,
} from './model/phase';
export {
  capabilitiesFor,
  capabilitiesOf,
  RELEASE_KINDS,
  type ReleaseKind,
} from './model/capability';
export type { Reason } from './model/reason';
export type { RolloutReasonCode } from './model/reason-code';
export {
  OFFLINE_ENDS,
  PHASE_TIMEOUT_DEFAULTS_MS,
  strategyOf,
  type OfflinePolicy,
  type Strategy,
  type WaveSize,
} from './model/strategy';

export type { CommandIntent, HostUpdateEffect } from './host-update/host-update.effect';
export {
  hostUpdateEventOf,
  type CommandOutcome,
  type CommandResultFacts,
  type HostUpdateEvent,
  type HostUpdateEventKind,
  type ResultOf,
} from './host-update/host-update.event';
export { advanceHostUpdate, NEW_HOST_UPDATE } from './host-update/host-update.machine';
export type { HostUpdateKind, HostUpdateState } from './host-update/host-update.state';
export type {
  HostUpdateAdvanced,
  HostUpdateContext,
  HostUpdateStep,
} from './host-update/host-update.step';
export {
  HOST_UPDATE_KINDS,
  HOST_UPDATE_TRAITS,
  hostUpdateKindsThatAre,
  isFailure,
  isInFlight,
  isMissed,
  isRetryable,
  isTerminal,
  type HostUpdateTraits,
} from './host-update/host-update.traits';
export {
  idempotencyKey,
  parseIdempotencyKey,
  type CommandName,
} from './host-update/idempotency-key';

export {
  advanceRollout,
  type RolloutAdvanced,
  type RolloutContext,
  type RolloutEvent,
  type RolloutEventKind,
  type RolloutOwnEffect,
  type RolloutStep,
} from './rollout/rollout.machine';
export {
  isRolloutTerminal,
  NEW_ROLLOUT,
  ROLLOUT_KINDS,
  type RolloutKind,
  type RolloutState,
} from './rollout/rollout.state';
export {
  advanceWave,
  isWaveEnded,
  NEW_WAVE,
  WAVE_KINDS,
  type WaveEvent,
  type WaveKind,
  type WaveState,
  type WaveStep,
} from './wave/wave.machine';

export {
  shortenReport,
  WAIT_CODES,
  type PlanReport,
  type Wait,
  type WaitCode,
  type WaitSubject,
} from './plan/plan-report';
export { whyPending, type StartView } from './plan/start-gates';
export type { RolloutEffect } from './plan/rollout.effect';
export { planNext, type NextPlan } from './plan/rollout.planner';
export type {
  HostFacts,
  HostUpdateSnapshot,
  RolloutSnapshot,
  WaveSnapshot,
} from './plan/rollout.snapshot';
export {
  planWaves,
  WAVES_MAX,
  type PlannableHost,
  type PlannedWave,
  type PlanProblem,
  type WavePlan,
  type WavePlanResult,
} from './plan/wave.planner';
export { LABELS_MAX, labelFault } from './selector/label-rule';
export {
  parseSelector,
  SELECTOR_LENGTH_MAX,
  type Selectable,
  type Selector,
  type SelectorProblem,
  type SelectorRequirement,
  type SelectorResult,
} from './selector/selector.parser';
