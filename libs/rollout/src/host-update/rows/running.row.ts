import { isBeforePointOfNoReturn, type Phase } from '../../model/phase';
import type { Reason } from '../../model/reason';
import type { ResultOf } from '../host-update.event';
import {
  advanced,
  enterRollback,
  type HostUpdateContext,
  type HostUpdateRow,
  type HostUpdateStep,
  ignore,
  isOfThisAttempt,
  neverIssued,
  notPending,
  ownReason,
  refuse,
  type StateOf,
  succeedPhase,
  whenDue,
} from '../host-update.step';
import { failPhase, leaveFleet, refusePhase } from '../host-update.failure';

export const runningRow: HostUpdateRow<'running'> = {
  started: ignore,
  'phase-succeeded': (state, event, context) =>
    whenDue(state.phase, event, context, () => succeedPhase(event.phase, context)),
  'phase-rolled-back': (state, event, context) =>
    whenDue(state.phase, event, context, () =>
      advanced({ kind: 'rolled-back', phase: event.phase, reason: event.reason }),
    ),
  'phase-failed': (state, event, context) =>
    whenDue(state.phase, event, context, () => failPhase(event.phase, event.reason, context)),
  'phase-refused': (state, event, context) => {
    const { phase, reason } = event;
    // A rollback that was refused has done its part already: this update runs because of it.
    if (phase === 'rollback') return ignore();
    return whenDue(state.phase, { ...event, phase }, context, () =>
      refuseOrFail(state, phase, reason, context),
    );
  },
  'phase-state-lost': (state, event, context) =>
    whenDue(state.phase, event, context, () =>
      advanced({ kind: 'lost-state', phase: event.phase, reason: event.reason }),
    ),
  'phase-voided': (state, event, context) => {
    const { phase } = event;
    // A later command of the chain is voided because of an earlier one, whose own result says what happened.
    if (phase === 'rollback' || phase !== state.phase) return ignore();
    return whenDue(state.phase, { ...event, phase }, context, () =>
      refuseOrFail(
        state,
        phase,
        ownReason('COMMAND_VOIDED', `the agent did not carry out ${phase}`),
        context,
      ),
    );
  },
  'rollback-succeeded': lateRollback,
  'rollback-failed': lateRollback,
  'deadline-passed': (state, _event, context) => {
    if (context.nowMs < state.deadlineAtMs) return ignore();
    const reason = ownReason('DEADLINE_PASSED', `no result of ${state.phase} came in time`);
    return isBeforePointOfNoReturn(state.phase)
      ? enterRollback(state.phase, reason, context)
      : advanced({ kind: 'lost', phase: state.phase, reason });
  },
  'hold-elapsed': ignore,
  'abort-requested': (state, _event, context) => {
    if (isBeforePointOfNoReturn(state.phase)) {
      const detail = `the rollout was aborted during ${state.phase}`;
      const reason = ownReason('ABORT_REQUESTED', detail);
      return enterRollback(state.phase, reason, context, { kind: 'record-abort-request' });
    }
    return context.abortRequested ? ignore() : advanced(state, { kind: 'record-abort-request' });
  },
  'retry-requested': refuse('the host update is still running'),
  'host-decommissioned': (state) => leaveFleet(state.phase),
  ...notPending,
  unstorable: (state, { reason }, context) => failPhase(state.phase, reason, context),
};

/** A rollback is asked for at most once in an attempt; when it was refused before, there is no undo left. */
function refuseOrFail(
  state: StateOf<'running'>,
  phase: Phase,
  reason: Reason,
  context: HostUpdateContext,
): HostUpdateStep {
  return phase === 'reboot' && state.reason !== undefined
    ? advanced({ kind: 'failed', phase, reason })
    : refusePhase(phase, reason, context);
}

/** Only an update that got past the point of no return despite a rollback can meet that rollback's result here. */
function lateRollback(
  state: StateOf<'running'>,
  event: ResultOf,
  context: HostUpdateContext,
): HostUpdateStep {
  return isOfThisAttempt(event, context) && isBeforePointOfNoReturn(state.phase)
    ? neverIssued(state.phase, 'rollback', event)
    : ignore();
}
