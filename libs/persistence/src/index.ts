// DOC: the record. All access to Postgres is in this library. Readers answer operators' questions; stores write, inside
// a unit of work, what the control plane has decided. Nothing here decides.
export {
  Database,
  DATABASE_LIMITS,
  type DatabaseLimits,
  type DatabaseOptions,
} from './database/database';
export { type EventDraft, UnitOfWork } from './database/unit-of-work';
export { ConflictError } from './database/conflict.error';
export { asUnstorable, isLockWait } from './database/database-error';
export { type Refused, storeEach } from './database/isolation';
export { UnstorableError } from './database/unstorable.error';
export {
  setAside,
  setAsideHello,
  type SetAsideItem,
  type SetAsideKind,
} from './set-aside/set-aside.store';
export type { Slice, SliceRequest } from './database/cursor';
export type * from './records';
export { HostsReader } from './hosts/hosts.reader';
export { type NewRelease, ReleasesRepository } from './releases/releases.repository';
export { RolloutsReader } from './rollouts/rollouts.reader';
export { HostUpdatesReader } from './host-updates/host-updates.reader';
export { type FileFilter, type SessionFilter, SessionsReader } from './sessions/sessions.reader';
export {
  assertOfThisLife,
  type EventCursor,
  type EventsEnd,
  expiredCursor,
  formatEventCursor,
  parseEventCursor,
} from './events/event.cursor';
export { type EventFilter, EventsReader } from './events/events.reader';
export { SummaryReader } from './summary/summary.reader';
export { type FleetMetrics, type HistogramRecord, MetricsReader } from './summary/metrics.reader';
export type { FileReport, SessionOwner, SessionReport } from './sessions/session-reports.store';
export {
  type SessionFile,
  writeSessionReports,
  writeSessionReportsEach,
} from './sessions/session-reports.store';
export {
  type HostIntroduction,
  type RegisteredHost,
  type Registrar,
  registerHost,
  registerHosts,
} from './hosts/host-registration.store';
export {
  type DecommissionedHost,
  decommissionHost,
  hostsToLetGo,
  recommissionHost,
  rolloutsWithOpenUpdates,
} from './hosts/decommission.store';
export {
  type HostFactsChange,
  type HostSign,
  markOffline,
  markSilentOffline,
  openRolloutsOfHost,
  raiseGenerations,
  replicasOfHosts,
  touchHosts,
  writeHostFacts,
} from './hosts/hosts.store';
export {
  type BlackoutFacts,
  holdHostUpdate,
  type HostUpdateChange,
  lockOpenUpdatesOfHost,
  readHostUpdates,
  rolloutHoldingHost,
  type StoredHostUpdate,
  writeHostUpdates,
} from './host-updates/host-updates.store';
export {
  type PerhapsEnded,
  settleEndedAttempts,
  settleEndedAttemptsEach,
} from './host-updates/ended-attempts.store';
export {
  acceptCommand,
  type AnsweredCommand,
  type CommandEnd,
  endCommand,
  insertCommands,
  type NewCommand,
  readAnsweredCommand,
  type SendableCommand,
  voidQueuedCommands,
} from './commands/commands.store';
export {
  hostsWithQueuedCommands,
  takeOpenCommands,
  takeQueuedCommands,
} from './commands/sendable-commands.store';
export {
  insertRollout,
  lockRollout,
  type MatchedHost,
  matchHosts,
  type NewRollout,
  type OverlappingRollout,
  overlappingRollouts,
  readWaves,
  rolloutsToReconcile,
  type StoredRollout,
  tryLockRollout,
  type StoredWave,
  writeReport,
  writeRolloutStates,
  writeWaveStates,
} from './rollouts/rollouts.store';
export { passFence, raiseFence } from './rollouts/rollout-fence';
export { resolveId } from './database/reference';
export {
  type AppliedManifest,
  keepAppliedManifest,
  takeIdempotencyKey,
} from './rollouts/applied-manifests.store';
export {
  beat,
  type Beat,
  databaseNowMs,
  type Gaps,
  type JudgingTime,
  LAPSE_MS,
  leaveWatch,
  readJudgingTime,
} from './watch/fleet-watch.store';
