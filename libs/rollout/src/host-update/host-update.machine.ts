import type { HostUpdateEvent } from './host-update.event';
import type { HostUpdateKind, HostUpdateState } from './host-update.state';
import type { HostUpdateContext, HostUpdateRow, HostUpdateStep } from './host-update.step';
import {
  cancelledRow,
  failedRow,
  lostStateRow,
  rolledBackRow,
  skippedRow,
  succeededRow,
} from './rows/ended.rows';
import { heldRow } from './rows/held.row';
import { lostRow } from './rows/lost.row';
import { pendingRow } from './rows/pending.row';
import { rollingBackRow } from './rows/rolling-back.row';
import { runningRow } from './rows/running.row';

/**
 * DOC: the host update machine
 *
 * Purpose: one host's passage through a rollout, as a total table of state kind and event kind. A step is data: the
 * new state and the effects to be stored with it in one transaction. Nothing here knows a clock or a database.
 *
 * Happy path:
 * 1. pending; the planner starts it: a new attempt, preflight is issued.
 * 2. preflight and preserve succeed one after the other; each success issues the next phase.
 * 3. Entering freeze issues freeze, reboot and retrieve at once, each after the one before it. Their results only
 *    move the state; they may arrive late and in any order, and a later one implies the earlier ones.
 * 4. retrieve succeeded: finish is asked (try 1); finish succeeded: verify; verify succeeded: succeeded.
 *
 * Unhappy paths:
 * 1. The host says it has rolled back: rolled-back, in any phase.
 * 2. A phase before the point of no return fails, is refused, is voided or is not answered in time: rolling-back, a
 *    rollback is issued. It succeeds: rolled-back. It fails: failed. Nobody answers: lost.
 * 3. The rollback is refused, or results of the blackout chain show that the host has rebooted: the update goes on.
 * 4. From reboot on a missed deadline means lost, a failure failed. A lost host that reports after all is believed
 *    and goes on where it stands. What was asked of it in finish or verify holds: whoever sends asks it again when it
 *    is back, so that it needs no retry there.
 * 5. finish is refused: held, asked again, failed after `finishTriesMax` tries.
 * 6. What has not started may be skipped: by an operator, because its host was offline for too long when its turn had
 *    come, or because its host runs the release already. Unskip is the undo; it updates the host whatever it runs.
 * 7. An abort cancels what is pending, rolls back what stands before reboot, and is only recorded afterwards.
 * 8. What was decided or reported can not be stored: before the point of no return the update is undone, otherwise, and
 *    where that can not be stored either, it has failed.
 *
 * Ordering: results carry attempt and finish try; those of earlier ones, repeats and stale time-outs are ignored, so
 * that no phase is ever issued twice in an attempt. Events that contradict the record are illegal and change nothing.
 */
const TABLE: { readonly [S in HostUpdateKind]: HostUpdateRow<S> } = {
  pending: pendingRow,
  running: runningRow,
  'rolling-back': rollingBackRow,
  held: heldRow,
  succeeded: succeededRow,
  'rolled-back': rolledBackRow,
  failed: failedRow,
  lost: lostRow,
  'lost-state': lostStateRow,
  cancelled: cancelledRow,
  skipped: skippedRow,
};

/**
 * Applies one event. Deterministic and total; never throws. `illegal` and `ignored` change nothing; `illegal` is worth
 * a log line, because it means that two records disagree.
 */
export function advanceHostUpdate(
  state: HostUpdateState,
  event: HostUpdateEvent,
  context: HostUpdateContext,
): HostUpdateStep {
  // Each cell is checked against its own state and event where its row is written; the two lookups lose that pairing.
  const cell = TABLE[state.kind][event.kind] as unknown as (
    state: HostUpdateState,
    event: HostUpdateEvent,
    context: HostUpdateContext,
  ) => HostUpdateStep;
  return cell(state, event, context);
}

/** The state of a host update that nobody has started. */
export const NEW_HOST_UPDATE = {
  kind: 'pending',
  reason: { code: 'NOT_STARTED', detail: 'the planner has not started this host yet' },
} as const satisfies HostUpdateState;
