import type { HostUpdateState } from '../host-update/host-update.state';
import type { Strategy } from '../model/strategy';
import type { RolloutState } from '../rollout/rollout.state';
import type { Wait } from './plan-report';
import type { HostFacts } from './rollout.snapshot';

export type Why = Pick<Wait, 'code' | 'detail' | 'untilMs'>;

/** What a pending host update stands before. */
export interface PendingFacts {
  readonly host: Pick<HostFacts, 'name' | 'online' | 'busyWith'>;
  /** Of the whole rollout; null when it may start host updates. */
  readonly blocked: Why | null;
  readonly waveIndex: number;
  /** The wave whose turn it is; null when all have ended. */
  readonly openWaveIndex: number | null;
  readonly strategy: Pick<Strategy, 'maxConcurrent' | 'offline'>;
}

/**
 * Why a host update has not started, the widest obstacle first: what would still be in the way if the narrower ones
 * were gone. The one answer of the report and of lists of host updates.
 */
export function explainPending(
  state: Pick<Extract<HostUpdateState, { kind: 'pending' }>, 'deadlineAtMs'>,
  { host, blocked, waveIndex, openWaveIndex, strategy }: PendingFacts,
): Why {
  if (blocked !== null) return blocked;
  if (openWaveIndex !== null && waveIndex > openWaveIndex) return waitsForWave(openWaveIndex);
  if (!host.online) {
    const until = state.deadlineAtMs === undefined ? {} : { untilMs: state.deadlineAtMs };
    const then =
      strategy.offline.then === 'skip' ? '; it will be skipped' : '; it will count as failed';
    const detail = `the agent of ${host.name} is not connected${until.untilMs === undefined ? '' : then}`;
    return { code: 'HOST_OFFLINE', detail, ...until };
  }
  if (host.busyWith !== null) {
    const detail = `rollout ${host.busyWith} is updating ${host.name}`;
    return { code: 'HOST_BUSY', detail };
  }
  const detail = `${strategy.maxConcurrent} host updates may be in flight at once`;
  return { code: 'WAITS_FOR_SLOT', detail };
}

/** Why no host update of the rollout starts; null when they may. */
export function blockedByRollout(state: RolloutState): Why | null {
  if (state.kind === 'aborting') return { code: 'ABORTING', detail: state.reason.detail };
  if (state.kind !== 'paused') return null;
  const code =
    state.reason.code === 'FAILURE_BUDGET_SPENT' ? 'FAILURE_BUDGET_SPENT' : 'ROLLOUT_PAUSED';
  return { code, detail: state.reason.detail };
}

export function waitsForWave(waveIndex: number): Why {
  return { code: 'WAITS_FOR_WAVE', detail: `wave ${waveIndex + 1} has not ended` };
}
