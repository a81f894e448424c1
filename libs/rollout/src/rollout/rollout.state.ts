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

export interface RolloutTraits {
  /** Nothing happens any more unless an operator retries. */
  readonly terminal: boolean;
  /** The planner may start host updates. */
  readonly starts: boolean;
}

/** The one table from which every predicate on rollout states is derived. */
export const ROLLOUT_TRAITS: Readonly<Record<RolloutKind, RolloutTraits>> = {
  planned: { terminal: false, starts: false },
  running: { terminal: false, starts: true },
  paused: { terminal: false, starts: false },
  aborting: { terminal: false, starts: false },
  succeeded: { terminal: true, starts: false },
  failed: { terminal: true, starts: false },
  aborted: { terminal: true, starts: false },
};

export const ROLLOUT_KINDS = Object.keys(ROLLOUT_TRAITS) as readonly RolloutKind[];

export function isRolloutTerminal(state: Pick<RolloutState, 'kind'>): boolean {
  return ROLLOUT_TRAITS[state.kind].terminal;
}

/** The state of a rollout that was just stored. */
export const NEW_ROLLOUT: RolloutState = { kind: 'planned' };
