import { comparePhases, isBeforePointOfNoReturn, type Phase } from '../../model/phase';
import type { Reason } from '../../model/reason';
import { leaveFleet } from '../host-update.failure';
import {
  advanced,
  type HostUpdateContext,
  type HostUpdateRow,
  type HostUpdateStep,
  ignore,
  isOfThisAttempt,
  notPending,
  ownReason,
  refuse,
  type StateOf,
  succeedPhase,
  waitForResultMs,
  whenDue,
} from '../host-update.step';

/** The rollback races with the phase it undoes; what the host reports decides which of them won. */
export const rollingBackRow: HostUpdateRow<'rolling-back'> = {
  started: ignore,
  'phase-succeeded': (state, event, context) =>
    whenDue(state.phase, event, context, () =>
      isBeforePointOfNoReturn(event.phase) ? ignore() : succeedPhase(event.phase, context),
    ),
  'phase-rolled-back': (state, event, context) =>
    whenDue(state.phase, event, context, () =>
      advanced({ kind: 'rolled-back', phase: event.phase, reason: keepAbort(state, event.reason) }),
    ),
  'phase-failed': (state, event, context) =>
    whenDue(state.phase, event, context, () =>
      // The rollback that is under way may still repair it, and its result says whether it did.
      isBeforePointOfNoReturn(event.phase)
        ? ignore()
        : advanced({ kind: 'failed', phase: event.phase, reason: event.reason }),
    ),
  'phase-refused': (state, event, context) =>
    event.phase === 'rollback' && isOfThisAttempt(event, context)
      ? goOnAfterRefusedRollback(state.phase, event.reason, context)
      : ignore(),
  'phase-state-lost': (state, event, context) =>
    whenDue(state.phase, event, context, () =>
      advanced({ kind: 'lost-state', phase: event.phase, reason: event.reason }),
    ),
  'phase-voided': (state, event, context) => {
    if (event.phase !== 'rollback' || !isOfThisAttempt(event, context)) return ignore();
    const reason = ownReason('COMMAND_VOIDED', `the agent did not carry out the rollback`);
    return advanced({ kind: 'failed', phase: state.phase, reason: because(reason, state.reason) });
  },
  'rollback-succeeded': (state, event, context) =>
    isOfThisAttempt(event, context)
      ? advanced({ kind: 'rolled-back', phase: state.phase, reason: state.reason })
      : ignore(),
  'rollback-failed': (state, event, context) =>
    isOfThisAttempt(event, context)
      ? advanced({
          kind: 'failed',
          phase: state.phase,
          reason: because(event.reason, state.reason),
        })
      : ignore(),
  'deadline-passed': (state, _event, context) => {
    if (context.nowMs < state.deadlineAtMs) return ignore();
    const reason = ownReason('ROLLBACK_DEADLINE_PASSED', 'no result of rollback came in time');
    return advanced({ kind: 'lost', phase: state.phase, reason: because(reason, state.reason) });
  },
  'hold-elapsed': ignore,
  'abort-requested': (state, _event, context) =>
    context.abortRequested ? ignore() : advanced(state, { kind: 'record-abort-request' }),
  'retry-requested': refuse('the host update is still being rolled back'),
  'host-decommissioned': (state) => leaveFleet(state.phase),
  ...notPending,
  unstorable: ({ phase, reason: cause }, { reason }) =>
    advanced({
      kind: 'failed',
      phase,
      reason: reason.code === cause.code ? reason : because(reason, cause),
    }),
};

/**
 * The host is past the point of no return, so the update goes on where it can be at the earliest. That is only
 * possible where reboot was issued, which is together with freeze.
 */
export function goOnAfterRefusedRollback(
  phase: Phase,
  reason: Reason,
  context: HostUpdateContext,
): HostUpdateStep {
  if (comparePhases(phase, 'freeze') < 0) {
    const detail = `the agent refused the rollback before any reboot: ${reason.code}: ${reason.detail}`;
    const refused = { ...reason, ...ownReason('ROLLBACK_REFUSED', detail) };
    return advanced({ kind: 'failed', phase, reason: refused });
  }
  const next = phase === 'freeze' ? 'reboot' : phase;
  const deadlineAtMs = context.nowMs + waitForResultMs(next, context.strategy);
  const why = ownReason('ROLLBACK_REFUSED', `${reason.code}: ${reason.detail}`);
  return advanced({ kind: 'running', phase: next, deadlineAtMs, reason: why });
}

/** An operator's abort explains a rollback better than the phase that was cut short by it. */
function keepAbort(state: StateOf<'rolling-back'>, reported: Reason): Reason {
  return state.reason.code === 'ABORT_REQUESTED' ? state.reason : reported;
}

/** Says what went wrong with the rollback and what it was for. */
export function because(reason: Reason, cause: Reason): Reason {
  return {
    ...reason,
    detail: `${reason.detail}; rolling back because of ${cause.code}: ${cause.detail}`,
  };
}
