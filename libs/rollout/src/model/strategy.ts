/** How a rollout proceeds. Validated by the manifest schema before it gets here. */
export interface Strategy {
  /** Sizes of the waves in order, as counts or percents ("10%") of all hosts; what is left forms a last wave. */
  readonly waves: readonly WaveSize[];
  /** Most host updates in flight at once over the whole rollout. */
  readonly maxConcurrent: number;
  /** The rollout pauses by itself once more host updates than this have ended other than succeeded. */
  readonly maxFailures: number;
  /** Per phase: how long the control plane waits for its result, milliseconds. */
  readonly phaseTimeoutsMs: Readonly<Record<PhaseTimeoutKey, number>>;
  /** How long workloads must stay healthy in verify, milliseconds. */
  readonly soakMs: number;
  /** How long after a refused finish it is asked again, milliseconds. */
  readonly finishRetryMs: number;
  /** How often finish is asked before the host update fails. */
  readonly finishTriesMax: number;
}

export type WaveSize = number | `${number}%`;

export type PhaseTimeoutKey =
  'preflight' | 'preserve' | 'freeze' | 'reboot' | 'retrieve' | 'finish' | 'verify' | 'rollback';
