/** Events of what the machines decided, the same whoever caused it. */
import type { Actor } from '@luofleet/contracts';
import type { BlackoutFacts, EventDraft } from '@luofleet/persistence';
import type { HostUpdateState, Reason, RolloutState, WaveState } from '@luofleet/rollout';

interface HostUpdateSubject {
  readonly id: string;
  readonly rolloutId: string;
  readonly attempt: number;
  readonly host: { readonly id: string; readonly name: string };
}

export function hostUpdateEvent(
  { id, rolloutId, attempt, host }: HostUpdateSubject,
  state: HostUpdateState,
  actor: Actor,
  blackout: BlackoutFacts | undefined,
): EventDraft {
  const phase = 'phase' in state ? state.phase : '';
  // Once a turn has come, why it had not does not count any more.
  const hasTurn = state.kind === 'pending' && state.deadlineAtMs !== undefined;
  const reason = 'reason' in state && !hasTurn ? state.reason : undefined;
  const blackoutMs = blackout?.blackoutMs;
  return {
    kind: `host-update-${state.kind}`,
    ...{ rolloutId, hostId: host.id, hostUpdateId: id, reasonCode: reason?.code },
    message: `Host ${host.name}: ${sentenceOf(state)}${because(': ', reason)}.`,
    data: {
      ...{ hostName: host.name, state: state.kind, phase, attempt, actor },
      ...(blackoutMs !== undefined && { blackoutMs }),
    },
  };
}

/** Null for a rollout that is only planned: that it was applied has its own event. */
export function rolloutEvent(
  { id, name }: { readonly id: string; readonly name: string },
  state: RolloutState,
  actor: Actor,
): EventDraft | null {
  if (state.kind === 'planned') return null;
  const reason = 'reason' in state ? state.reason : undefined;
  return {
    kind: `rollout-${state.kind}`,
    ...{ rolloutId: id, reasonCode: reason?.code },
    message: `Rollout ${name}: ${state.kind}${because(', ', reason)}.`,
    data: { name, state: state.kind, actor },
  };
}

/** Null for a wave whose turn has not come. */
export function waveEvent(
  { id, name }: { readonly id: string; readonly name: string },
  index: number,
  state: WaveState,
): EventDraft | null {
  if (state.kind === 'pending') return null;
  return {
    kind: `wave-${state.kind}`,
    rolloutId: id,
    message: `Wave ${index + 1} of rollout ${name}: ${state.kind}.`,
    data: { index, state: state.kind },
  };
}

const because = (joint: string, reason: Reason | undefined): string =>
  reason ? `${joint}${reason.detail}` : '';

function sentenceOf(state: HostUpdateState): string {
  switch (state.kind) {
    case 'pending':
      return state.deadlineAtMs === undefined
        ? 'waits for its turn'
        : 'its turn has come, it is offline';
    case 'running':
      return `${state.phase} was asked for`;
    case 'rolling-back':
      return `${state.phase} is being undone`;
    case 'held':
      return 'finish was refused and will be asked again';
    case 'succeeded':
      return 'updated';
    case 'rolled-back':
      return `${state.phase} failed, the host is as it was before`;
    case 'failed':
      return `${state.phase} failed`;
    case 'lost':
      return `no answer in ${state.phase}`;
    case 'lost-state':
      return 'came back without its sessions';
    case 'cancelled':
      return 'not updated';
    case 'skipped':
      return 'left out';
  }
}
