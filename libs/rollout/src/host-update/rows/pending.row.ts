import { sayDuration } from '../../model/duration';
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
  'deadline-passed': ({ deadlineAtMs }, _event, { strategy }) => {
    const { then } = strategy.offline;
    if (deadlineAtMs === undefined || then === 'wait') return ignore();
    const reason = ownReason(
      'HOST_OFFLINE',
      `its agent was not connected for ${sayDuration(strategy.offline.waitMs)} after its turn had come`,
    );
    return then === 'skip'
      ? advanced({ kind: 'skipped', reason })
      : advanced({ kind: 'failed', phase: 'preflight', reason });
  },
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
  'host-absent': (state, _event, { nowMs, strategy }) =>
    state.deadlineAtMs !== undefined || strategy.offline.then === 'wait'
      ? ignore()
      : advanced({ ...state, deadlineAtMs: nowMs + strategy.offline.waitMs }),
  'host-returned': ({ kind, reason, deadlineAtMs }) =>
    deadlineAtMs === undefined ? ignore() : advanced({ kind, reason }),
  'already-on-release': () =>
    advanced({
      kind: 'skipped',
      reason: ownReason('ALREADY_ON_RELEASE', 'the host runs this release'),
    }),
  'release-unfit': (_state, { lacks }) =>
    advanced({
      kind: 'failed',
      phase: 'preflight',
      reason: ownReason(
        'RELEASE_UNFIT',
        `its agent does not understand ${lacks.join(', ')}; update the agent, then retry`,
      ),
    }),
  'skip-requested': (_state, { why }) =>
    advanced({
      kind: 'skipped',
      reason: ownReason(
        'SKIPPED_BY_OPERATOR',
        why === '' ? 'an operator left the host out' : `an operator left the host out: ${why}`,
      ),
    }),
  'unskip-requested': ignore,
  unstorable: (_state, { reason }) => advanced({ kind: 'failed', phase: 'preflight', reason }),
};
