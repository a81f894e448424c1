import type { Phase } from '../model/phase';
import type { Reason } from '../model/reason';

/** One host's passage through a rollout. Times are milliseconds since the epoch. */
export type HostUpdateState =
  /**
   * Not started, or to be started again; the planner decides when. `deadlineAtMs` is there while the host is offline
   * although its turn has come: when the strategy stops waiting for it.
   */
  | { readonly kind: 'pending'; readonly reason: Reason; readonly deadlineAtMs?: number }
  /**
   * A command for `phase` is out; `deadlineAtMs` is when the control plane stops believing in it. `reason` is there
   * only when the update goes on because a rollback was refused.
   */
  | {
      readonly kind: 'running';
      readonly phase: Phase;
      readonly deadlineAtMs: number;
      readonly reason?: Reason;
    }
  /** Preserve or freeze is being undone; `phase` is where the update stood. */
  | {
      readonly kind: 'rolling-back';
      readonly phase: Phase;
      readonly reason: Reason;
      readonly deadlineAtMs: number;
    }
  /** Finish was refused; nothing was dropped; asked again at `retryAtMs`. */
  | { readonly kind: 'held'; readonly reason: Reason; readonly retryAtMs: number }
  | { readonly kind: 'succeeded' }
  /** Failed before the point of no return; workloads serve on the old release. */
  | { readonly kind: 'rolled-back'; readonly phase: Phase; readonly reason: Reason }
  /** Failed, and the host is not as it was; or it was offline for too long and the strategy takes that for a failure. */
  | { readonly kind: 'failed'; readonly phase: Phase; readonly reason: Reason }
  /** The host did not come back, or stopped answering past its deadline. */
  | { readonly kind: 'lost'; readonly phase: Phase; readonly reason: Reason }
  /** The host came back without its sessions. */
  | { readonly kind: 'lost-state'; readonly phase: Phase; readonly reason: Reason }
  /** The rollout was aborted before this host started. */
  | { readonly kind: 'cancelled'; readonly reason: Reason }
  /** Left out before it started: by an operator, for being offline too long, or because nothing was to be done. */
  | { readonly kind: 'skipped'; readonly reason: Reason };

export type HostUpdateKind = HostUpdateState['kind'];
