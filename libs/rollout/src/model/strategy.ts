import type { CommandPhase } from './phase';

/** How a rollout proceeds. Validated by the manifest schema before it gets here. */
export interface Strategy {
  /** Sizes of the waves in order, as counts or percents ("10%") of all hosts; what is left forms a last wave. */
  readonly waves: readonly WaveSize[];
  /** Most host updates in flight at once over the whole rollout. */
  readonly maxConcurrent: number;
  /** The rollout pauses by itself once more host updates than this have ended other than succeeded. */
  readonly maxFailures: number;
  /** Per phase: how long the control plane waits for its result, milliseconds. */
  readonly phaseTimeoutsMs: Readonly<Record<CommandPhase, number>>;
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

/** What becomes of a host that stays offline although its turn has come. */
export const OFFLINE_ENDS = ['skip', 'fail', 'wait'] as const;

/** `then`, once a host has been offline for `waitMs` since its turn came; `wait` has no end. */
export interface OfflinePolicy {
  readonly waitMs: number;
  readonly then: (typeof OFFLINE_ENDS)[number];
}

/** How long the control plane waits for each phase where a manifest, or a strategy of an earlier version, says nothing. */
export const PHASE_TIMEOUT_DEFAULTS_MS: Readonly<Record<CommandPhase, number>> = {
  preflight: 30_000,
  preserve: 60_000,
  freeze: 30_000,
  reboot: 120_000,
  retrieve: 60_000,
  finish: 60_000,
  verify: 60_000,
  rollback: 60_000,
};

/** What the fields mean that strategies stored by earlier versions do not have. */
const LATER_FIELDS: Pick<Strategy, 'offline' | 'force'> = {
  offline: { waitMs: 30 * 60_000, then: 'skip' },
  force: false,
};

type LaterField = keyof typeof LATER_FIELDS | 'phaseTimeoutsMs';

/** A strategy in the words of this version or an earlier one. */
export type StoredStrategy = Omit<Strategy, LaterField> &
  Partial<Pick<Strategy, keyof typeof LATER_FIELDS>> & {
    readonly phaseTimeoutsMs: Readonly<Partial<Record<CommandPhase, number>>>;
  };

/** A strategy as it was stored, by this version or an earlier one. */
export function strategyOf(stored: StoredStrategy): Strategy {
  const phaseTimeoutsMs = { ...PHASE_TIMEOUT_DEFAULTS_MS, ...stored.phaseTimeoutsMs };
  return { ...LATER_FIELDS, ...stored, phaseTimeoutsMs };
}

export type WaveSize = number | `${number}%`;
