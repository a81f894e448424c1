import type { Reason } from '../model/reason';
import type { RolloutReasonCode } from '../model/reason-code';
import type { RolloutKind, RolloutState } from './rollout.state';

/**
 * DOC: the rollout machine
 *
 * Purpose: whether host updates may start, as a total table of state kind and event kind.
 *
 * Happy path: planned, running, succeeded.
 *
 * Unhappy paths:
 * 1. An operator pauses and resumes. What is in flight goes on; its deadlines go on too.
 * 2. More host updates fail than the strategy allows: paused with FAILURE_BUDGET_SPENT. Resuming accepts the failures
 *    there are and grants a fresh budget; retrying does the failed hosts again and forgets what was accepted.
 * 3. An operator aborts: aborting until nothing is in flight, then aborted.
 * 4. Everything has ended and something failed, or hosts were left out and none was updated: failed, also within the
 *    budget, because not every host runs the release. Hosts that the strategy or an operator left out beside others that
 *    were updated are no failure; unskip takes them up again. A retry makes it run again, with the same hosts.
 * 5. A lost host reports after the rollout has ended and its update goes on: the rollout runs again (`reopened`).
 *    After an abort it goes back to aborting instead, so that nothing new starts. When its report is that the update
 *    succeeded, and it was the last failure, the failed rollout has succeeded.
 *
 * Ordering: `ended` comes from the planner once every host update is terminal; it wins over a spent budget.
 */
export type RolloutEvent =
  /** The planner saw it for the first time. */
  | { readonly kind: 'started' }
  | { readonly kind: 'pause-requested' }
  | { readonly kind: 'resume-requested' }
  | { readonly kind: 'abort-requested' }
  | { readonly kind: 'retry-requested' }
  /** Skipped hosts are to be updated after all. */
  | { readonly kind: 'unskip-requested' }
  | { readonly kind: 'failure-budget-spent' }
  /** Every host update is terminal. */
  | { readonly kind: 'ended' }
  /** A host update of an ended rollout is in flight again. */
  | { readonly kind: 'reopened' };

export type RolloutEventKind = RolloutEvent['kind'];

export interface RolloutContext {
  /** Host updates that have ended other than succeeded or cancelled, now. */
  readonly failures: number;
  /** Host updates that succeeded, now. */
  readonly succeeded: number;
  /** Host updates that ended without a try although their hosts do not run the release, now. */
  readonly missed: number;
  readonly maxFailures: number;
}

/** What has to be stored together with the new state. */
export type RolloutOwnEffect =
  /** Apply `retry-requested` to every host update whose state is retryable. */
  | { readonly kind: 'retry-host-updates' }
  /** Ask the planner right away: something is due, or why things wait has changed. */
  | { readonly kind: 'reconcile' };

export interface RolloutAdvanced {
  readonly kind: 'advanced';
  readonly state: RolloutState;
  readonly effects: readonly RolloutOwnEffect[];
}

export type RolloutStep =
  | RolloutAdvanced
  | { readonly kind: 'ignored' }
  /** Not possible in this state; `reason` is a sentence for the operator. */
  | { readonly kind: 'illegal'; readonly reason: string };

type Cell<S extends RolloutKind> = (
  state: Extract<RolloutState, { kind: S }>,
  context: RolloutContext,
) => RolloutStep;

const advanced = (
  state: RolloutState,
  ...effects: readonly RolloutOwnEffect[]
): RolloutAdvanced => ({ kind: 'advanced', state, effects });
const ignore = (): RolloutStep => ({ kind: 'ignored' });
const refuse = (reason: string) => (): RolloutStep => ({ kind: 'illegal', reason });

function reasonOf(code: RolloutReasonCode, detail: string): Reason<RolloutReasonCode> {
  return { code, detail };
}

const abort = () =>
  advanced(
    { kind: 'aborting', reason: reasonOf('ABORT_REQUESTED', 'an operator aborted the rollout') },
    { kind: 'reconcile' },
  );

const pause = (state: { readonly failuresAccepted?: number }) =>
  advanced(
    {
      kind: 'paused',
      reason: reasonOf('OPERATOR_PAUSED', 'an operator paused the rollout'),
      failuresAccepted: state.failuresAccepted ?? 0,
    },
    { kind: 'reconcile' },
  );

const retry = () =>
  advanced(
    { kind: 'running', failuresAccepted: 0 },
    { kind: 'retry-host-updates' },
    { kind: 'reconcile' },
  );

const end = (_state: unknown, { failures, succeeded, missed }: RolloutContext): RolloutAdvanced => {
  const nothingUpdated = succeeded === 0 && missed > 0;
  if (failures === 0 && !nothingUpdated) return advanced({ kind: 'succeeded' });
  const detail =
    failures > 0
      ? `${failures} of ${failures + succeeded} host updates did not succeed`
      : `no host was updated; ${missed} were left out`;
  return advanced({ kind: 'failed', reason: reasonOf('HOSTS_NOT_UPDATED', detail) });
};

/** Hosts are added to an ended rollout; failures it has are not news. */
const unskip = (_state: unknown, { failures }: RolloutContext): RolloutStep =>
  advanced({ kind: 'running', failuresAccepted: failures }, { kind: 'reconcile' });

/** The sentence stays true when more fail later: those in flight go on. */
const spendBudget = (
  state: { readonly failuresAccepted: number },
  { maxFailures }: RolloutContext,
): RolloutStep => {
  const { failuresAccepted } = state;
  const accepted = failuresAccepted > 0 ? ` beyond the ${failuresAccepted} accepted` : '';
  const detail = `more host updates failed than the ${maxFailures} that are allowed${accepted}`;
  return advanced({
    kind: 'paused',
    reason: reasonOf('FAILURE_BUDGET_SPENT', detail),
    failuresAccepted,
  });
};

const TABLE: {
  readonly [S in RolloutKind]: { readonly [E in RolloutEventKind]: Cell<S> };
} = {
  planned: {
    started: () => advanced({ kind: 'running', failuresAccepted: 0 }),
    'pause-requested': () => pause({}),
    'resume-requested': ignore,
    'abort-requested': abort,
    'retry-requested': refuse('the rollout has not started yet'),
    'unskip-requested': ignore,
    'failure-budget-spent': ignore,
    ended: end,
    reopened: ignore,
  },
  running: {
    started: ignore,
    'pause-requested': pause,
    'resume-requested': ignore,
    'abort-requested': abort,
    'retry-requested': retry,
    'unskip-requested': ignore,
    'failure-budget-spent': spendBudget,
    ended: end,
    reopened: ignore,
  },
  paused: {
    started: ignore,
    'pause-requested': ignore,
    'resume-requested': ({ reason, failuresAccepted }, { failures }) =>
      advanced(
        {
          kind: 'running',
          failuresAccepted: reason.code === 'FAILURE_BUDGET_SPENT' ? failures : failuresAccepted,
        },
        { kind: 'reconcile' },
      ),
    'abort-requested': abort,
    'retry-requested': retry,
    'unskip-requested': ignore,
    'failure-budget-spent': ignore,
    ended: end,
    reopened: ignore,
  },
  aborting: {
    started: ignore,
    'pause-requested': refuse('the rollout is being aborted'),
    'resume-requested': refuse('the rollout is being aborted'),
    'abort-requested': ignore,
    'retry-requested': refuse('the rollout is still being aborted; retry once it is aborted'),
    'unskip-requested': refuse('the rollout is being aborted'),
    'failure-budget-spent': ignore,
    ended: ({ reason }) => advanced({ kind: 'aborted', reason }),
    reopened: ignore,
  },
  succeeded: {
    started: ignore,
    'pause-requested': refuse('the rollout has succeeded'),
    'resume-requested': refuse('the rollout has succeeded'),
    'abort-requested': refuse('the rollout has succeeded; there is nothing left to abort'),
    'retry-requested': refuse(
      'the rollout has succeeded; unskip takes up hosts that were left out',
    ),
    'unskip-requested': unskip,
    'failure-budget-spent': ignore,
    ended: ignore,
    reopened: ignore,
  },
  failed: {
    started: ignore,
    'pause-requested': refuse('the rollout has failed'),
    'resume-requested': refuse('the rollout has failed; retry does the failed hosts again'),
    'abort-requested': refuse('the rollout has failed; there is nothing left to abort'),
    'retry-requested': retry,
    'unskip-requested': unskip,
    'failure-budget-spent': ignore,
    ended: (state, context) => {
      const step = end(state, context);
      return step.state.kind === 'succeeded' ? step : ignore();
    },
    reopened: (_state, { failures }) => advanced({ kind: 'running', failuresAccepted: failures }),
  },
  aborted: {
    started: ignore,
    'pause-requested': refuse('the rollout was aborted'),
    'resume-requested': refuse('the rollout was aborted; retry starts what was not updated'),
    'abort-requested': ignore,
    'retry-requested': retry,
    'unskip-requested': refuse('the rollout was aborted; retry starts what was not updated'),
    'failure-budget-spent': ignore,
    ended: ignore,
    reopened: ({ reason }) => advanced({ kind: 'aborting', reason }),
  },
};

/** Applies one event. Deterministic and total; never throws. */
export function advanceRollout(
  state: RolloutState,
  event: RolloutEvent,
  context: RolloutContext,
): RolloutStep {
  // Each cell is checked against its own state in the table; the lookup by a union loses that pairing.
  const cell = TABLE[state.kind][event.kind] as unknown as (
    state: RolloutState,
    context: RolloutContext,
  ) => RolloutStep;
  return cell(state, context);
}
