import type { HostUpdateEvent } from '../host-update/host-update.event';
import type { HostUpdateAdvanced } from '../host-update/host-update.step';
import type { RolloutAdvanced, RolloutEvent } from '../rollout/rollout.machine';
import type { WaveEvent, WaveState } from '../wave/wave.machine';

/**
 * A change that is due, with its result worked out: whoever stores it makes no choice of their own. All effects of one
 * plan belong to one transaction; several may concern the same rollout or wave, and the order matters.
 */
export type RolloutEffect =
  /** A host update begins; its `step` has `begin-attempt` and preflight's command. */
  | {
      readonly kind: 'start-host-update';
      readonly hostUpdateId: string;
      readonly hostId: string;
      readonly step: HostUpdateAdvanced;
    }
  /** A deadline passed, a hold elapsed, the rollout is aborting or the host is gone. */
  | {
      readonly kind: 'advance-host-update';
      readonly hostUpdateId: string;
      readonly hostId: string;
      readonly event: HostUpdateEvent;
      readonly step: HostUpdateAdvanced;
    }
  | {
      readonly kind: 'advance-wave';
      readonly index: number;
      readonly event: WaveEvent;
      readonly state: WaveState;
    }
  | {
      readonly kind: 'advance-rollout';
      readonly event: RolloutEvent;
      readonly step: RolloutAdvanced;
    };
