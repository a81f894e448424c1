// Between the agent's words and the wire contract. Total tables both ways, so that a new value on either side does not
// compile until it is translated.
import {
  Backend,
  CommandResult,
  FileState,
  Outcome,
  Phase,
  SessionState,
  type Command,
  type Reason as WireReason,
} from '@luofleet/proto';
import type { BackendKind } from '../backend/backend';
import type {
  AgentCommand,
  AgentResult,
  FileStateName,
  OutcomeName,
  PhaseName,
  SessionStateName,
} from '../model/command';
import type { Reason } from '../model/reason';

const phases: Record<PhaseName, Phase> = {
  preflight: Phase.PHASE_PREFLIGHT,
  preserve: Phase.PHASE_PRESERVE,
  freeze: Phase.PHASE_FREEZE,
  reboot: Phase.PHASE_REBOOT,
  retrieve: Phase.PHASE_RETRIEVE,
  finish: Phase.PHASE_FINISH,
  verify: Phase.PHASE_VERIFY,
  rollback: Phase.PHASE_ROLLBACK,
};

const outcomes: Record<OutcomeName, Outcome> = {
  succeeded: Outcome.OUTCOME_SUCCEEDED,
  'rolled-back': Outcome.OUTCOME_ROLLED_BACK,
  failed: Outcome.OUTCOME_FAILED,
  refused: Outcome.OUTCOME_REFUSED,
  'state-lost': Outcome.OUTCOME_STATE_LOST,
  voided: Outcome.OUTCOME_VOIDED,
};

const fileStates: Record<FileStateName, FileState> = {
  preserved: FileState.FILE_STATE_PRESERVED,
  frozen: FileState.FILE_STATE_FROZEN,
  unpreserved: FileState.FILE_STATE_UNPRESERVED,
  deserialized: FileState.FILE_STATE_DESERIALIZED,
  retrieved: FileState.FILE_STATE_RETRIEVED,
  finished: FileState.FILE_STATE_FINISHED,
  failed: FileState.FILE_STATE_FAILED,
  lost: FileState.FILE_STATE_LOST,
};

const sessionStates: Record<SessionStateName, SessionState> = {
  preserved: SessionState.SESSION_STATE_PRESERVED,
  frozen: SessionState.SESSION_STATE_FROZEN,
  unpreserved: SessionState.SESSION_STATE_UNPRESERVED,
  retrieved: SessionState.SESSION_STATE_RETRIEVED,
  finished: SessionState.SESSION_STATE_FINISHED,
  failed: SessionState.SESSION_STATE_FAILED,
  lost: SessionState.SESSION_STATE_LOST,
};

export const wireBackends: Record<BackendKind, Backend> = {
  engine: Backend.BACKEND_ENGINE,
  memory: Backend.BACKEND_MEMORY,
  kernel: Backend.BACKEND_KERNEL,
};

const phaseNamesByWire = new Map(
  Object.entries(phases).map(([name, phase]) => [phase, name as PhaseName]),
);

/** Undefined for a phase this agent does not know: a command of a newer control plane. */
export function fromWireCommand(command: Command): AgentCommand | undefined {
  const phase = phaseNamesByWire.get(command.phase);
  if (phase === undefined || command.idempotencyKey === '') return undefined;
  return {
    key: command.idempotencyKey,
    hostUpdateId: command.hostUpdateId,
    rolloutId: command.rolloutId,
    phase,
    attempt: command.attempt,
    generation: command.generation,
    afterKey: command.afterKey,
    timeoutMs: command.timeoutMs,
    soakMs: command.soakMs,
    release: command.release ?? null,
  };
}

/** The answer to a command that `fromWireCommand` gives undefined for. */
export const refusedUnknown = ({ idempotencyKey, phase }: Command): CommandResult =>
  CommandResult.fromPartial({
    idempotencyKey,
    phase,
    outcome: Outcome.OUTCOME_REFUSED,
    reason: {
      code: 'COMMAND_UNKNOWN',
      detail: `this agent knows no phase of number ${phase}; it is older than the control plane, update it`,
    },
  });

export const toWireResult = (result: AgentResult): CommandResult => ({
  idempotencyKey: result.key,
  phase: phases[result.phase],
  outcome: outcomes[result.outcome],
  reason: toWireReason(result.reason),
  sessions: result.sessions.map((session) => ({
    name: session.name,
    workload: session.workload,
    state: sessionStates[session.state],
    files: session.files.map((file) => ({
      token: file.token,
      name: file.name,
      compatible: file.compatible,
      dataHandle: file.dataHandle,
      state: fileStates[file.state],
      reason: toWireReason(file.reason),
      sizeBytes: file.sizeBytes,
    })),
  })),
  startedAtMs: BigInt(Math.round(result.startedAtMs)),
  finishedAtMs: BigInt(Math.round(result.finishedAtMs)),
  frozenAtMs: BigInt(Math.round(result.frozenAtMs)),
  resumedAtMs: BigInt(Math.round(result.resumedAtMs)),
  blackoutMs: result.blackoutMs,
  runningVersion: result.runningVersion,
  bootId: result.bootId,
  incarnationId: result.incarnationId,
  leftOutFiles: 0,
});

function toWireReason(reason: Reason | null): WireReason | undefined {
  if (reason === null) return undefined;
  const { code, detail, errnoCode, errno, subject } = reason;
  return { code, detail, errnoCode, errno, subject };
}
