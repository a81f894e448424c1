import type { Reason } from '../model/reason';

/**
 * Where a rollout stands. `failuresAccepted` is how many failures an operator has accepted by resuming after the
 * failure budget was spent; the budget counts the failures above it.
 */
export type RolloutState =
  /** Stored; the planner has not looked at it yet. */
  | { readonly kind: 'planned' }
  | { readonly kind: 'running'; readonly failuresAccepted: number }
  /** Host updates in flight go on, none starts. */
  | { readonly kind: 'paused'; readonly reason: Reason; readonly failuresAccepted: number }
  /** Nothing starts, what can be undone is undone, what cannot goes on to its end. */
  | { readonly kind: 'aborting'; readonly reason: Reason }
  /** Every host update succeeded; skipped ones and those of decommissioned hosts are left out. */
  | { readonly kind: 'succeeded' }
  /** Every host update ended, and at least one failed, or hosts were left out and none was updated. */
  | { readonly kind: 'failed'; readonly reason: Reason }
  /** Aborted, and nothing is in flight any more. */
  | { readonly kind: 'aborted'; readonly reason: Reason };

export type RolloutKind = RolloutState['kind'];

/** Nothing happens any more unless an operator retries. */
const TERMINAL: Readonly<Record<RolloutKind, boolean>> = {
  planned: false,
  running: false,
  paused: false,
  aborting: false,
  succeeded: true,
  failed: true,
  aborted: true,
};

export const ROLLOUT_KINDS = Object.keys(TERMINAL) as readonly RolloutKind[];

export function isRolloutTerminal(state: Pick<RolloutState, 'kind'>): boolean {
  return TERMINAL[state.kind];
}

/** The state of a rollout that was just stored. */
export const NEW_ROLLOUT: RolloutState = { kind: 'planned' };
