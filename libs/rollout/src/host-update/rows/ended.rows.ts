import {
  advanced,
  type HostUpdateRow,
  type HostUpdateStep,
  ignore,
  ownReason,
  refuse,
} from '../host-update.step';
import type { HostUpdateKind } from '../host-update.state';

/** What every ended state shares: nothing reaches it any more. */
const ended = {
  started: refuse('the host update has ended; ask for a retry first'),
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
  'abort-requested': ignore,
  'host-decommissioned': ignore,
  'host-absent': ignore,
  'host-returned': ignore,
  'already-on-release': ignore,
  'release-unfit': ignore,
  'skip-requested': refuse('the host update has ended'),
  'unskip-requested': refuse('the host update was not skipped'),
  unstorable: ignore,
} as const satisfies Omit<HostUpdateRow<HostUpdateKind>, 'retry-requested'>;

/** The next attempt begins when the planner starts it; what is left of this one must not reach the host then. */
export function retry(): HostUpdateStep {
  return advanced(
    {
      kind: 'pending',
      reason: ownReason('RETRY_REQUESTED', 'an operator asked for another attempt'),
    },
    { kind: 'void-commands' },
  );
}

export const succeededRow: HostUpdateRow<'succeeded'> = {
  ...ended,
  'retry-requested': refuse('the host update has succeeded'),
};

export const rolledBackRow: HostUpdateRow<'rolled-back'> = { ...ended, 'retry-requested': retry };
export const failedRow: HostUpdateRow<'failed'> = { ...ended, 'retry-requested': retry };
export const lostStateRow: HostUpdateRow<'lost-state'> = { ...ended, 'retry-requested': retry };
/** What was left out for good reason stays so when failed ones are retried; an absent host may be back. */
export const skippedRow: HostUpdateRow<'skipped'> = {
  ...ended,
  'retry-requested': ({ reason }) => (reason.code === 'HOST_OFFLINE' ? retry() : ignore()),
  'skip-requested': ignore,
  'unskip-requested': () =>
    advanced({
      kind: 'pending',
      reason: ownReason('UNSKIP_REQUESTED', 'an operator wants it to be updated after all'),
    }),
};
export const cancelledRow: HostUpdateRow<'cancelled'> = { ...ended, 'retry-requested': retry };
