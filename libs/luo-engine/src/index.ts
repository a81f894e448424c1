/** The LUO engine: handlers, file sets, sessions, shared objects and handover memory. See README.md. */
export { type Awaitable, drive, isPending, type Step } from './concurrency/step';
export { ERRNO, type ErrnoName, errnoNameOf, HandlerError, isErrnoName } from './errors/errno';
export {
  LuoError,
  type LuoOperation,
  type LuoSubject,
  type LuoWarning,
  type WarningSink,
} from './errors/luo-error';
export { type FileEngine, uncountedReferences } from './files/file-engine';
export { FileSet } from './files/file-set';
export type { FileReport } from './files/file-columns';
export { PreservableObject } from './files/preservable-object';
export type { PreservedObject, SharedObject } from './flb/shared-object';
export { SharedObjects } from './flb/shared-objects';
export type {
  FileHandler,
  FileReferences,
  FinishingFile,
  FreezeResult,
  HandlerOwner,
  IncomingFile,
  OutgoingFile,
  Preservation,
  PreserveResult,
  RetrieveStatus,
} from './handlers/file-handler';
export { HandlerRegistry } from './handlers/handler-registry';
export { MemoryBuffer, MemoryBufferHandler } from './handlers/memory-buffer.handler';
export type { HandoverMemory, HandoverRoot } from './memory/handover-memory';
export {
  createHandoverMemory,
  type HandoverMemoryOptions,
  handoverMemoryOver,
} from './memory/paged-memory';
export { LUO_ABI_COMPATIBLE, REGION_FORMAT_VERSION } from './memory/region-format';
export { Orchestrator, type OrchestratorOptions } from './orchestrator';
export {
  type Profile,
  type ProfileName,
  resolveProfile,
  SEED_PROFILE,
  UPSTREAM_PROFILE,
} from './profile';
export { Device } from './sessions/device';
export type {
  CloseOutcome,
  LiveUpdateDevice,
  LiveUpdateMachine,
  LiveUpdateSession,
  SessionDirection,
} from './sessions/live-update';
export type { SessionReport } from './sessions/session-entry';
export { Session } from './sessions/session-handle';
export { SimulatedMachine, type SimulatedMachineOptions } from './simulated-machine';
export type { FileSetRecord } from './wire/session-record';
