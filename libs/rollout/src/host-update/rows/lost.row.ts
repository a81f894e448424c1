import { isBeforePointOfNoReturn, type Phase } from '../../model/phase';
import type { ResultOf } from '../host-update.event';
import { refusePhase } from '../host-update.failure';
import {
  advanced,
  type HostUpdateContext,
  type HostUpdateRow,
  type HostUpdateStep,
  ignore,
  isOfThisAttempt,
  notPending,
  refuse,
  relateResult,
  rollingBack,
  type StateOf,
  succeedPhase,
  whenDue,
} from '../host-update.step';
import { retry } from './ended.rows';
import { because, goOnAfterRefusedRollback } from './rolling-back.row';

/**
 * A lost host that reports after all is believed. An update lost before the point of no return was lost while it was
 * rolled back; that rollback is still out, so the update goes back to waiting for it.
 */
export const lostRow: HostUpdateRow<'lost'> = {
  started: refuse('the host update has ended; ask for a retry first'),
  'phase-succeeded': (state, event, context) =>
    isBeforePointOfNoReturn(event.phase)
      ? awaitRollback(state, event, context)
      : whenDue(state.phase, event, context, () => succeedPhase(event.phase, context)),
  'phase-rolled-back': (state, event, context) =>
    whenDue(state.phase, event, context, () =>
      advanced({ kind: 'rolled-back', phase: event.phase, reason: event.reason }),
    ),
  'phase-failed': (state, event, context) =>
    isBeforePointOfNoReturn(event.phase)
      ? awaitRollback(state, event, context)
      : whenDue(state.phase, event, context, () =>
          advanced({ kind: 'failed', phase: event.phase, reason: event.reason }),
        ),
  'phase-refused': (state, event, context) => {
    const { phase, reason } = event;
    if (phase === 'rollback') {
      return isOfThisAttempt(event, context)
        ? goOnAfterRefusedRollback(state.phase, reason, context)
        : ignore();
    }
    const stillFrozen = phase === 'reboot' && isBeforePointOfNoReturn(state.phase);
    return isBeforePointOfNoReturn(phase) || stillFrozen
      ? awaitRollback(state, { ...event, phase }, context)
      : whenDue(state.phase, { ...event, phase }, context, () =>
          // Whether a rollback was asked for is not known any more, and it must not be asked for twice.
          phase === 'reboot'
            ? advanced({ kind: 'failed', phase, reason })
            : refusePhase(phase, reason, context),
        );
  },
  'phase-state-lost': (state, event, context) =>
    whenDue(state.phase, event, context, () =>
      advanced({ kind: 'lost-state', phase: event.phase, reason: event.reason }),
    ),
  'phase-voided': ignore,
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
  'deadline-passed': ignore,
  'hold-elapsed': ignore,
  'abort-requested': ignore,
  'retry-requested': retry,
  'host-decommissioned': ignore,
  ...notPending,
  'skip-requested': refuse('the host update has ended'),
  unstorable: ignore,
};

function awaitRollback(
  state: StateOf<'lost'>,
  event: ResultOf & { readonly phase: Phase },
  context: HostUpdateContext,
): HostUpdateStep {
  const rollbackIsOut =
    isBeforePointOfNoReturn(state.phase) && state.reason.code !== 'HOST_DECOMMISSIONED';
  const repeated = relateResult(state.phase, event.phase, event, context) === 'past';
  return rollbackIsOut && !repeated
    ? whenDue(state.phase, event, context, () =>
        advanced(rollingBack(state.phase, state.reason, context)),
      )
    : ignore();
}
