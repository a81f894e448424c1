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
  /** What becomes of a host that is offline when its turn has come. */
  readonly offline: OfflinePolicy;
  /** Hosts that run the release already are updated all the same. */
  readonly force: boolean;
}

/** `then`, once a host has been offline for `waitMs` since its turn came; `wait` has no end. */
export interface OfflinePolicy {
  readonly waitMs: number;
  readonly then: 'skip' | 'fail' | 'wait';
}

/** What the fields mean that strategies stored by earlier versions do not have. */
const LATER_FIELDS: Pick<Strategy, 'offline' | 'force'> = {
  offline: { waitMs: 30 * 60_000, then: 'skip' },
  force: false,
};

/** A strategy as it was stored, by this version or an earlier one. */
export function strategyOf(stored: Strategy | Omit<Strategy, keyof typeof LATER_FIELDS>): Strategy {
  return { ...LATER_FIELDS, ...stored };
}

export type WaveSize = number | `${number}%`;

export type PhaseTimeoutKey =
  'preflight' | 'preserve' | 'freeze' | 'reboot' | 'retrieve' | 'finish' | 'verify' | 'rollback';
