// Words of the record as the wire writes them, and back. Tables, so that a word without a counterpart does not compile.
import type {
  Backend as BackendName,
  FileReport as FileReportRow,
  FileState as FileStateName,
  SendableCommand,
  SessionReport as SessionReportRow,
  SessionState as SessionStateName,
} from '@luofleet/persistence';
import type { CommandOutcome, CommandPhase, Reason as ReasonRow } from '@luofleet/rollout';
import {
  Backend,
  type Command,
  type FileReport,
  FileState,
  Outcome,
  Phase,
  type Reason,
  type SessionReport,
  SessionState,
} from '@luofleet/proto';

const PHASE_TO_WIRE: Readonly<Record<CommandPhase, Phase>> = {
  preflight: Phase.PHASE_PREFLIGHT,
  preserve: Phase.PHASE_PRESERVE,
  freeze: Phase.PHASE_FREEZE,
  reboot: Phase.PHASE_REBOOT,
  retrieve: Phase.PHASE_RETRIEVE,
  finish: Phase.PHASE_FINISH,
  verify: Phase.PHASE_VERIFY,
  rollback: Phase.PHASE_ROLLBACK,
};

const OUTCOMES: Readonly<Record<Outcome, CommandOutcome | null>> = {
  [Outcome.OUTCOME_UNSPECIFIED]: null,
  [Outcome.OUTCOME_SUCCEEDED]: 'succeeded',
  [Outcome.OUTCOME_ROLLED_BACK]: 'rolled-back',
  [Outcome.OUTCOME_FAILED]: 'failed',
  [Outcome.OUTCOME_REFUSED]: 'refused',
  [Outcome.OUTCOME_STATE_LOST]: 'state-lost',
  [Outcome.OUTCOME_VOIDED]: 'voided',
  [Outcome.UNRECOGNIZED]: null,
};

const BACKENDS: Readonly<Record<Backend, BackendName | null>> = {
  [Backend.BACKEND_UNSPECIFIED]: null,
  [Backend.BACKEND_KERNEL]: 'kernel',
  [Backend.BACKEND_ENGINE]: 'engine',
  [Backend.BACKEND_MEMORY]: 'memory',
  [Backend.UNRECOGNIZED]: null,
};

const SESSION_STATES: Readonly<Record<SessionState, SessionStateName | null>> = {
  [SessionState.SESSION_STATE_UNSPECIFIED]: null,
  [SessionState.SESSION_STATE_PRESERVED]: 'preserved',
  [SessionState.SESSION_STATE_FROZEN]: 'frozen',
  [SessionState.SESSION_STATE_UNPRESERVED]: 'unpreserved',
  [SessionState.SESSION_STATE_RETRIEVED]: 'retrieved',
  [SessionState.SESSION_STATE_FINISHED]: 'finished',
  [SessionState.SESSION_STATE_FAILED]: 'failed',
  [SessionState.SESSION_STATE_LOST]: 'lost',
  [SessionState.UNRECOGNIZED]: null,
};

const FILE_STATES: Readonly<Record<FileState, FileStateName | null>> = {
  [FileState.FILE_STATE_UNSPECIFIED]: null,
  [FileState.FILE_STATE_PRESERVED]: 'preserved',
  [FileState.FILE_STATE_FROZEN]: 'frozen',
  [FileState.FILE_STATE_UNPRESERVED]: 'unpreserved',
  [FileState.FILE_STATE_DESERIALIZED]: 'deserialized',
  [FileState.FILE_STATE_RETRIEVED]: 'retrieved',
  [FileState.FILE_STATE_FINISHED]: 'finished',
  [FileState.FILE_STATE_FAILED]: 'failed',
  [FileState.FILE_STATE_LOST]: 'lost',
  [FileState.UNRECOGNIZED]: null,
};

/**
 * Null when the agent said nothing we know. Enums are open on the wire: a number that this version does not know arrives as
 * it is, and is in no table.
 */
export const outcomeFromWire = (outcome: Outcome): CommandOutcome | null =>
  OUTCOMES[outcome] ?? null;
export const backendFromWire = (backend: Backend): BackendName | null => BACKENDS[backend] ?? null;

export function reasonFromWire(reason: Reason | undefined): ReasonRow {
  return {
    code: reason?.code || 'UNSPECIFIED',
    detail: reason?.detail || 'the agent gave no reason',
    ...(reason?.errnoCode && { errnoCode: reason.errnoCode, errno: reason.errno }),
    ...(reason?.subject && { subject: reason.subject }),
  };
}

/** Sessions and files whose state we do not know are left out: a newer agent may know more states. */
export function sessionsFromWire(sessions: readonly SessionReport[]): SessionReportRow[] {
  return sessions.flatMap(({ name, workload, state, files }) => {
    const known = SESSION_STATES[state] ?? null;
    return known === null
      ? []
      : [{ name, workload, state: known, files: files.flatMap(fileFromWire) }];
  });
}

function fileFromWire(file: FileReport): FileReportRow[] {
  const state = FILE_STATES[file.state] ?? null;
  if (state === null) return [];
  const { token, name, compatible, dataHandle, sizeBytes, reason } = file;
  return [
    {
      ...{ token, name, compatible, dataHandle, state, sizeBytes },
      reasonCode: reason?.code ?? '',
      reasonDetail: reason?.detail ?? '',
      errnoCode: reason?.errnoCode ?? '',
      errno: reason?.errno ?? 0,
    },
  ];
}

export function commandToWire(command: SendableCommand): Command {
  const { release } = command;
  return {
    idempotencyKey: command.idempotencyKey,
    hostUpdateId: command.hostUpdateId,
    rolloutId: command.rolloutId,
    phase: PHASE_TO_WIRE[command.phase],
    attempt: command.attempt,
    generation: command.generation,
    afterKey: command.afterKey,
    timeoutMs: command.timeoutMs,
    soakMs: command.soakMs,
    release: {
      name: release.name,
      version: release.version,
      kind: release.kind,
      imageUri: release.imageUri,
      imageSha256: release.imageSha256,
      handlers: [...release.handlers],
      kernelCommandLine: release.kernelCommandLine,
      initrdUri: release.initrdUri,
      initrdSha256: release.initrdSha256,
      luoAbi: release.luoAbi,
      imageSizeBytes: BigInt(release.imageSizeBytes),
      initrdSizeBytes: BigInt(release.initrdSizeBytes),
    },
  };
}
