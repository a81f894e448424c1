export { DURATION_MS_MAX, formatDuration, parseDurationMs } from './text/duration';
export { formatU64, U64_PATTERN } from './text/u64';
export {
  hostNameSchema,
  idOrNameSchema,
  idSchema,
  isId,
  labelsSchema,
  NAME_LENGTH_MAX,
  nameSchema,
  reasonSchema,
  sha256Schema,
  type ReasonResponse,
} from './text/names.schema';
export { plainTextSchema, type TextBounds } from './text/plain-text.schema';
export { selectorSchema } from './selector/selector.schema';
export {
  API_VERSION,
  PHASE_TIMEOUT_DEFAULTS,
  rolloutManifestSchema,
  STRATEGY_DEFAULTS,
  type RolloutManifest,
  type RolloutManifestInput,
} from './manifest/rollout-manifest.schema';
export { completed } from './fleet/added-later';
export {
  PAGE_LIMIT_DEFAULT,
  PAGE_LIMIT_MAX,
  pageQuerySchema,
  type Page,
} from './fleet/page.schema';
export {
  BACKENDS,
  ENDED_ROLLOUT_STATES,
  FILE_STATES,
  HOST_STATES,
  HOST_UPDATE_STATES,
  PHASE_NAMES,
  RELEASE_KINDS,
  ROLLOUT_ACTIONS,
  ROLLOUT_STATES,
  SESSION_STATES,
  WAVE_STATES,
  type BackendName,
  type FileStateName,
  type HostState,
  type HostUpdateStateName,
  type PhaseName,
  type RolloutActionName,
  type RolloutStateName,
  type SessionStateName,
  type WaveStateName,
} from './words/states';
export {
  PROBLEM_CONTENT_TYPE,
  problemSchema,
  type Problem,
  type ProblemFault,
} from './request/problem.schema';
export {
  decommissionSchema,
  hostPageSchema,
  hostSchema,
  hostsQuerySchema,
  type CurrentUpdateResponse,
  type HostResponse,
  type WorkloadResponse,
} from './fleet/host.schema';
export {
  createReleaseSchema,
  releasePageSchema,
  releaseSchema,
  type CreateRelease,
  type CreateReleaseInput,
  type ReleaseResponse,
} from './fleet/release.schema';
export {
  filePageSchema,
  fileSchema,
  filesQuerySchema,
  sessionPageSchema,
  sessionSchema,
  sessionsQuerySchema,
  sessionWithFilesPageSchema,
  sessionWithFilesSchema,
  type PreservedFileResponse,
  type SessionResponse,
  type SessionWithFilesResponse,
} from './fleet/session.schema';
export { readEvent, type Actor, type EventContent } from './fleet/event-kinds';
export {
  eventPageSchema,
  eventSchema,
  eventsQuerySchema,
  eventStreamQuerySchema,
  type EventPageResponse,
  type EventResponse,
} from './fleet/event.schema';
export {
  readinessSchema,
  summarySchema,
  type ReadinessResponse,
  type SummaryResponse,
} from './fleet/summary.schema';
export {
  applyQuerySchema,
  hostUpdatePageSchema,
  hostUpdateSchema,
  hostUpdatesQuerySchema,
  plannedHostPageSchema,
  plannedHostSchema,
  planQuerySchema,
  planSchema,
  rolloutPageSchema,
  rolloutPreviewSchema,
  rolloutSchema,
  rolloutSummarySchema,
  skipHostSchema,
  skipHostsSchema,
  unskipHostsSchema,
  type BlackoutResponse,
  type HostCountsResponse,
  type HostUpdateResponse,
  type PlannedHostResponse,
  type PlanResponse,
  type RolloutPreviewResponse,
  type RolloutResponse,
  type RolloutSummaryResponse,
  type StrategyResponse,
  type ReportResponse,
  type WaitingResponse,
  type WaveResponse,
} from './fleet/rollout.schema';
export { closedObject } from './request/closed-object';
export { FAULTS_MAX, faultsOf, formatPath } from './request/faults';
