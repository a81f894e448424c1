import { PlanDraft } from './plan-draft';
import type { PlanReport } from './plan-report';
import { reportPlan } from './plan-reporter';
import type { RolloutEffect } from './rollout.effect';
import type { RolloutSnapshot } from './rollout.snapshot';

/**
 * DOC: the rollout planner
 *
 * Purpose: given everything about one rollout and the time, says what is due now and why the rest is not. It decides;
 * whoever calls it stores. It carries its own decisions out on a copy as it goes, so that one plan is complete: with
 * its effects stored and nothing new happening, the next plan at the same time has no effects.
 *
 * Steps, in order:
 * 1. A planned rollout starts; an ended one with an update in flight again is reopened.
 * 2. Host updates whose host was decommissioned, whose deadline passed or whose hold elapsed move on; in an aborting
 *    rollout every update that has not heard of it is told.
 * 3. The turn of the first wave that has not ended has come: hosts that run the release are left out, hosts whose agent does not understand the update fail, for those that
 *    are offline the time starts after which the strategy gives them up. A wave that ends by that gives its turn to the
 *    next. The rollout ends once every host update has; otherwise it pauses when the failure budget is spent.
 * 4. Host updates start, in order: those that no gate holds (`start-gates.ts`).
 * 5. Waves follow from their host updates.
 * 6. The report says why every host update that has neither ended nor just started is waiting.
 *
 * The failure budget is spent once more than `maxFailures` host updates are rolled-back, failed, lost or lost-state, by
 * their state now; what an operator accepted by resuming is not counted again. Updates in flight do not count before
 * they have ended, so up to `maxConcurrent` more can fail after the budget is spent; with `maxConcurrent` 1 it is exact.
 * A lost host that reports after all leaves the count, but a rollout that has paused stays paused.
 *
 * A slot is taken by whatever is in flight, held finishes too. A lost host that comes back may exceed `maxConcurrent`;
 * nothing starts until there is room again. A host that runs the release already is left out, unless the strategy forces
 * it or an operator asked for this very host (retry, unskip). What an offline or busy host runs is not known, so it waits.
 *
 * A paused rollout gives up no absent host; the time goes on, and counts once it is resumed.
 *
 * Waves gate only starts. When a retry or a lost host opens an earlier wave again, later waves finish what is in flight
 * and start nothing until it has ended.
 *
 * Cost: linear in the number of host updates, plus sorting them by position.
 */
export interface NextPlan {
  readonly effects: readonly RolloutEffect[];
  readonly report: PlanReport;
}

/** Deterministic; never throws. `nowMs` is milliseconds since the epoch. */
export function planNext(snapshot: RolloutSnapshot, nowMs: number): NextPlan {
  const draft = new PlanDraft(snapshot, nowMs);
  draft.openRollout();
  draft.advanceHostUpdates();
  draft.takeTurns();
  draft.startHostUpdates();
  draft.advanceWaves();
  return { effects: draft.effects, report: reportPlan(draft) };
}
