import type { CommandPhase } from '../model/phase';

/** A command to be stored, each exactly once under its idempotency key. */
export interface CommandIntent {
  readonly phase: CommandPhase;
  readonly attempt: number;
  /** 1 for the first finish of an attempt, 0 for every other phase. */
  readonly finishTry: number;
  /** The phase of the same attempt that must have succeeded on the host first; null: start at once. */
  readonly afterPhase: CommandPhase | null;
  /** How long the agent may spend on it from the moment it starts, milliseconds. */
  readonly timeoutMs: number;
  /** Only verify: how long workloads must stay healthy, milliseconds; 0 otherwise. */
  readonly soakMs: number;
}

/** What has to be stored or sent together with the new state, in this order, in the same transaction. */
export type HostUpdateEffect =
  /** A new attempt: store `attempt`, raise the host's generation, clear the abort mark and the finish tries. */
  | { readonly kind: 'begin-attempt'; readonly attempt: number }
  | { readonly kind: 'issue-commands'; readonly commands: readonly CommandIntent[] }
  /**
   * Commands of this host update that are still queued are never sent. Commands that may have reached the host are
   * left alone: their results are the truth and are taken as they come.
   */
  | { readonly kind: 'void-commands' }
  /** Finish is being asked for the `finishTries`-th time in this attempt. */
  | { readonly kind: 'record-finish-try'; readonly finishTries: number }
  /** The abort has reached this update; the mark stays until the next attempt begins. */
  | { readonly kind: 'record-abort-request' };
