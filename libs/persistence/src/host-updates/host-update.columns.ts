import {
  HOST_UPDATE_KINDS,
  hostUpdateKindsThatAre,
  type HostUpdateState,
  isTerminal,
  type Phase,
  type Reason,
} from '@luofleet/rollout';
import { wordsOf } from '../database/words';

/** States in which an attempt is under way. */
export const IN_FLIGHT = hostUpdateKindsThatAre('inFlight');

/** The same, and all that have not ended, for `state IN (…)`: written out, so that partial indexes match. */
export const IN_FLIGHT_WORDS = wordsOf(IN_FLIGHT);
export const NOT_ENDED_WORDS = wordsOf(HOST_UPDATE_KINDS.filter((kind) => !isTerminal({ kind })));

/** How a HostUpdateState lies in the columns of a row. */
export interface HostUpdateColumns {
  readonly state: HostUpdateState['kind'];
  readonly phase: Phase | '';
  readonly reasonCode: string;
  readonly reasonDetail: string;
  readonly reasonErrno: string;
  readonly reasonSubject: string;
  readonly deadlineAt: Date | null;
  readonly retryAt: Date | null;
}

/** A held update stands at finish. */
export function columnsOf(state: HostUpdateState): HostUpdateColumns {
  const reason: Partial<Reason> = ('reason' in state ? state.reason : undefined) ?? {};
  return {
    state: state.kind,
    phase: state.kind === 'held' ? 'finish' : 'phase' in state ? state.phase : '',
    reasonCode: reason.code ?? '',
    reasonDetail: reason.detail ?? '',
    reasonErrno: reason.errnoCode ?? '',
    reasonSubject: reason.subject ?? '',
    deadlineAt:
      'deadlineAtMs' in state && state.deadlineAtMs !== undefined
        ? new Date(state.deadlineAtMs)
        : null,
    retryAt: 'retryAtMs' in state ? new Date(state.retryAtMs) : null,
  };
}

/** The undo of `columnsOf`. */
export function stateOf(columns: HostUpdateColumns): HostUpdateState {
  const { state: kind } = columns;
  const reason = reasonOf(columns);
  const phase = columns.phase === '' ? 'preflight' : columns.phase;
  switch (kind) {
    case 'pending':
      return {
        kind,
        reason,
        ...(columns.deadlineAt !== null && { deadlineAtMs: columns.deadlineAt.getTime() }),
      };
    case 'cancelled':
    case 'skipped':
      return { kind, reason };
    case 'running':
      return {
        kind,
        phase,
        deadlineAtMs: columns.deadlineAt?.getTime() ?? 0,
        ...(reason.code !== '' && { reason }),
      };
    case 'rolling-back':
      return { kind, phase, reason, deadlineAtMs: columns.deadlineAt?.getTime() ?? 0 };
    case 'held':
      return { kind, reason, retryAtMs: columns.retryAt?.getTime() ?? 0 };
    case 'succeeded':
      return { kind };
    case 'rolled-back':
    case 'failed':
    case 'lost':
    case 'lost-state':
      return { kind, phase, reason };
  }
}

function reasonOf(columns: HostUpdateColumns): Reason {
  return {
    code: columns.reasonCode,
    detail: columns.reasonDetail,
    ...(columns.reasonErrno !== '' && { errnoCode: columns.reasonErrno }),
    ...(columns.reasonSubject !== '' && { subject: columns.reasonSubject }),
  };
}
