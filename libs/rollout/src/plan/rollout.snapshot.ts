import type { HostUpdateState } from '../host-update/host-update.state';
import type { Strategy } from '../model/strategy';
import type { RolloutState } from '../rollout/rollout.state';
import type { WaveState } from '../wave/wave.machine';

/** Everything the planner looks at, read in one transaction. */
export interface RolloutSnapshot {
  readonly state: RolloutState;
  readonly strategy: Strategy;
  /** In order of `index`, without gaps from 0 on. */
  readonly waves: readonly WaveSnapshot[];
  /** In any order. */
  readonly hostUpdates: readonly HostUpdateSnapshot[];
  /**
   * No deadline counts as passed before this time, milliseconds since the epoch. A control plane that was down sets
   * it to when its hosts have had time to connect again, so that its own absence does not look like theirs.
   */
  readonly deadlinesHoldFromMs?: number;
}

export interface WaveSnapshot {
  readonly index: number;
  readonly state: WaveState;
}

export interface HostUpdateSnapshot {
  readonly id: string;
  readonly hostId: string;
  readonly waveIndex: number;
  /** Place in the rollout's order, unique in the rollout; smaller starts first. */
  readonly position: number;
  readonly state: HostUpdateState;
  /** Attempts begun so far. */
  readonly attempt: number;
  readonly finishTries: number;
  readonly abortRequested: boolean;
  readonly host: HostFacts;
}

/** What matters about the host at this moment. */
export interface HostFacts {
  readonly name: string;
  readonly online: boolean;
  readonly decommissioned: boolean;
  /** The host runs the rollout's release: same version, same digest. */
  readonly onRelease: boolean;
  /** Capabilities that an update to the release needs and that the host's agent does not have. */
  readonly lacks: readonly string[];
  /** Name or id of another rollout whose update is in flight on this host; null when there is none. */
  readonly busyWith: string | null;
}
