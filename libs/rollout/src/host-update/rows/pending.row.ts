import { advanced, enterPhase, type HostUpdateRow, ignore, ownReason } from '../host-update.step';

/** Results that reach a pending update belong to an attempt that an operator has given up. */
export const pendingRow: HostUpdateRow<'pending'> = {
  started: (_state, _event, context) => {
    const attempt = context.attempt + 1;
    return enterPhase(
      'preflight',
      { ...context, attempt, finishTries: 0 },
      { kind: 'begin-attempt', attempt },
    );
  },
  'phase-succeeded': ignore,
  'phase-rolled-back': ignore,
  'phase-failed': ignore,
  'phase-refused': ignore,
  'phase-state-lost': ignore,
  'phase-voided': ignore,
  'rollback-succeeded': ignore,
  'rollback-failed': ignore,
  'deadline-passed': ignore,
  'hold-elapsed': ignore,
  'abort-requested': () =>
    advanced({
      kind: 'cancelled',
      reason: ownReason('ABORT_REQUESTED', 'the rollout was aborted before this host started'),
    }),
  'retry-requested': ignore,
  'host-decommissioned': () =>
    advanced({
      kind: 'cancelled',
      reason: ownReason('HOST_DECOMMISSIONED', 'the host left the fleet before it started'),
    }),
};
