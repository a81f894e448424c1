import { leaveFleet } from '../host-update.failure';
import {
  advanced,
  enterPhase,
  type HostUpdateContext,
  type HostUpdateRow,
  type HostUpdateStep,
  ignore,
  neverIssued,
  notPending,
  refuse,
  relateResult,
} from '../host-update.step';
import type { Phase } from '../../model/phase';
import type { ResultOf } from '../host-update.event';

/** The only finish try that was out has been answered, so every result is a repeat here. */
export const heldRow: HostUpdateRow<'held'> = {
  started: ignore,
  'phase-succeeded': repeated,
  'phase-rolled-back': repeated,
  'phase-failed': repeated,
  'phase-refused': ignore,
  'phase-state-lost': repeated,
  'phase-voided': ignore,
  'rollback-succeeded': ignore,
  'rollback-failed': ignore,
  'deadline-passed': ignore,
  'hold-elapsed': (state, _event, context) =>
    context.nowMs < state.retryAtMs ? ignore() : enterPhase('finish', context),
  'abort-requested': (state, _event, context) =>
    context.abortRequested ? ignore() : advanced(state, { kind: 'record-abort-request' }),
  'retry-requested': refuse('finish is held and will be asked again by itself'),
  'host-decommissioned': () => leaveFleet('finish'),
  ...notPending,
  unstorable: (_state, { reason }) => advanced({ kind: 'failed', phase: 'finish', reason }),
};

function repeated(
  _state: unknown,
  event: ResultOf & { readonly phase: Phase },
  context: HostUpdateContext,
): HostUpdateStep {
  return relateResult('finish', event.phase, event, context) === 'never-issued'
    ? neverIssued('finish', event.phase, event)
    : ignore();
}
