import type { HostUpdateState } from '../host-update/host-update.state';
import type { Strategy } from '../model/strategy';
import { isRolloutTerminal, type RolloutState } from '../rollout/rollout.state';
import type { Wait, WaitCode } from './plan-report';
import type { HostFacts } from './rollout.snapshot';

export type Why = Pick<Wait, 'code' | 'detail' | 'untilMs'>;

/** The rollout at the moment at which a host update asks to start. */
export interface StartView {
  readonly rollout: RolloutState;
  /** The wave whose turn it is; null when all have ended. */
  readonly openWaveIndex: number | null;
  /** How many more host updates may be in flight. */
  readonly slotsFree: number;
  readonly strategy: Pick<Strategy, 'maxConcurrent' | 'offline'>;
}

interface InWave {
  readonly waveIndex: number;
}

/** A host update that has not started. */
export interface PendingUpdate extends InWave {
  readonly state: Pick<Extract<HostUpdateState, { kind: 'pending' }>, 'deadlineAtMs'>;
  readonly host: Pick<HostFacts, 'name' | 'online' | 'busyWith'>;
}

interface Gate<Subject> {
  readonly code: WaitCode;
  /** What is in the way; null lets the subject pass. */
  holds(view: StartView, subject: Subject): Omit<Why, 'code'> | null;
}

const ROLLOUT_GATES: readonly Gate<unknown>[] = [
  {
    code: 'ABORTING',
    holds: ({ rollout }) => (rollout.kind === 'aborting' ? sayReason(rollout) : null),
  },
  {
    code: 'FAILURE_BUDGET_SPENT',
    holds: ({ rollout }) => (pausedByBudget(rollout) ? sayReason(rollout) : null),
  },
  {
    code: 'ROLLOUT_PAUSED',
    holds: ({ rollout }) => (rollout.kind === 'paused' ? sayReason(rollout) : null),
  },
  {
    code: 'ROLLOUT_ENDED',
    holds: ({ rollout }) =>
      isRolloutTerminal(rollout) ? { detail: `the rollout has ended: ${rollout.kind}` } : null,
  },
];

const WAVE_GATES: readonly Gate<InWave>[] = [
  {
    code: 'WAITS_FOR_WAVE',
    holds: ({ openWaveIndex }, { waveIndex }) =>
      openWaveIndex !== null && waveIndex > openWaveIndex
        ? { detail: `wave ${openWaveIndex + 1} has not ended` }
        : null,
  },
];

const HOST_GATES: readonly Gate<PendingUpdate>[] = [
  { code: 'HOST_OFFLINE', holds: sayOffline },
  {
    code: 'HOST_BUSY',
    holds: (_view, { host }) =>
      host.busyWith === null
        ? null
        : { detail: `rollout ${host.busyWith} is updating ${host.name}` },
  },
  {
    code: 'WAITS_FOR_SLOT',
    holds: ({ slotsFree, strategy }) =>
      slotsFree > 0
        ? null
        : { detail: `${strategy.maxConcurrent} host updates may be in flight at once` },
  },
];

/**
 * What a pending host update passes before it starts, the widest obstacle first: the first gate that holds it is what
 * would still be in the way if the narrower ones were gone. It starts exactly when none holds it.
 */
export const START_GATES: readonly Gate<PendingUpdate>[] = [
  ...ROLLOUT_GATES,
  ...WAVE_GATES,
  ...HOST_GATES,
];

/** Why this host update does not start; null when it may. */
export function whyPending(view: StartView, update: PendingUpdate): Why | null {
  return firstThatHolds(START_GATES, view, update);
}

/** Why no host update of the rollout starts; null when they may. */
export function whyRolloutWaits(view: StartView): Why | null {
  return firstThatHolds(ROLLOUT_GATES, view, null);
}

/** Why no host update of the wave starts, whatever its rollout does; null when they may. */
export function whyWaveWaits(view: StartView, waveIndex: number): Why | null {
  return firstThatHolds(WAVE_GATES, view, { waveIndex });
}

function firstThatHolds<Subject>(
  gates: readonly Gate<Subject>[],
  view: StartView,
  subject: Subject,
): Why | null {
  for (const { code, holds } of gates) {
    const held = holds(view, subject);
    if (held !== null) return { code, ...held };
  }
  return null;
}

type Paused = Extract<RolloutState, { kind: 'paused' }>;

function pausedByBudget(rollout: RolloutState): rollout is Paused {
  return rollout.kind === 'paused' && rollout.reason.code === 'FAILURE_BUDGET_SPENT';
}

const sayReason = ({ reason }: Extract<RolloutState, { kind: 'paused' | 'aborting' }>) => ({
  detail: reason.detail,
});

function sayOffline(
  { strategy }: StartView,
  { host, state: { deadlineAtMs } }: PendingUpdate,
): Omit<Why, 'code'> | null {
  if (host.online) return null;
  const detail = `the agent of ${host.name} is not connected`;
  if (deadlineAtMs === undefined) return { detail };
  const then = strategy.offline.then === 'skip' ? 'it will be skipped' : 'it will count as failed';
  return { detail: `${detail}; ${then}`, untilMs: deadlineAtMs };
}
