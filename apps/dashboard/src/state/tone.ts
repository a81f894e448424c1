/**
 * DOC: states and how they look
 *
 * Purpose: the one table from state words to tones. A tone is a colour and, so that colour is never the only sign, a
 * shape; the word itself is always written beside it or in a label.
 */
import type {
  FileStateName,
  HostResponse,
  HostState,
  HostUpdateStateName,
  SessionStateName,
} from '@luofleet/contracts';
import type { RolloutKind, WaveKind } from '@luofleet/rollout';

export const TONES = ['good', 'active', 'waiting', 'warning', 'bad', 'quiet', 'offline'] as const;
export type Tone = (typeof TONES)[number];

export const HOST_UPDATE_TONES: Readonly<Record<HostUpdateStateName, Tone>> = {
  pending: 'quiet',
  running: 'active',
  'rolling-back': 'warning',
  held: 'waiting',
  succeeded: 'good',
  'rolled-back': 'warning',
  failed: 'bad',
  lost: 'bad',
  'lost-state': 'bad',
  cancelled: 'offline',
  skipped: 'quiet',
};

export const SESSION_TONES: Readonly<Record<SessionStateName, Tone>> = {
  preserved: 'active',
  frozen: 'active',
  unpreserved: 'quiet',
  retrieved: 'active',
  finished: 'good',
  failed: 'bad',
  lost: 'bad',
};

export const FILE_TONES: Readonly<Record<FileStateName, Tone>> = {
  ...SESSION_TONES,
  deserialized: 'active',
};

/** Rollout and wave states share their words. */
const ROLLOUT_TONES: Readonly<Record<RolloutKind | WaveKind, Tone>> = {
  planned: 'quiet',
  pending: 'quiet',
  running: 'active',
  paused: 'waiting',
  aborting: 'warning',
  aborted: 'warning',
  succeeded: 'good',
  failed: 'bad',
  cancelled: 'offline',
};

/** A state this build has no look for is shown by its word, quietly. */
export function rolloutTone(state: string): Tone {
  return (ROLLOUT_TONES as Readonly<Record<string, Tone>>)[state] ?? 'quiet';
}

const WORKLOAD_TONES: Readonly<Record<string, Tone>> = {
  starting: 'active',
  serving: 'good',
  quiesced: 'waiting',
  stopped: 'bad',
};

export function workloadTone(state: string): Tone {
  return WORKLOAD_TONES[state] ?? 'quiet';
}

/** Whether the agent is connected, whatever the newest host update does. */
export const HOST_TONES: Readonly<Record<HostState, Tone>> = {
  online: 'good',
  offline: 'offline',
  decommissioned: 'offline',
};

/** What the fleet page shows a host as. */
export const FLEET_STATES = [
  'attention',
  'updating',
  'held',
  'not-updated',
  'online',
  'offline',
] as const;
export type FleetState = (typeof FLEET_STATES)[number];

export const FLEET_TONES: Readonly<Record<FleetState, Tone>> = {
  attention: 'bad',
  updating: 'active',
  held: 'waiting',
  'not-updated': 'quiet',
  online: 'good',
  offline: 'offline',
};

/**
 * Where the newest host update of a host leaves it; what has ended well leaves nothing to see. A host that its rollout
 * left out runs another version than its neighbours, so it must not look like them.
 */
const FLEET_STATE_OF_UPDATE: Readonly<Record<HostUpdateStateName, FleetState | null>> = {
  pending: null,
  running: 'updating',
  'rolling-back': 'updating',
  held: 'held',
  succeeded: null,
  'rolled-back': 'attention',
  failed: 'attention',
  lost: 'attention',
  'lost-state': 'attention',
  cancelled: 'not-updated',
  skipped: null,
};

/**
 * An update under way explains a silent host (it may be rebooting), and one that ended badly matters more than being
 * online, so the update is looked at first.
 */
export function fleetStateOf(host: Pick<HostResponse, 'state' | 'update'>): FleetState {
  const ofUpdate = host.update === null ? null : FLEET_STATE_OF_UPDATE[host.update.state];
  if (host.state === 'decommissioned') return 'offline';
  if (ofUpdate === 'not-updated' && host.state === 'offline') return 'offline';
  return ofUpdate ?? host.state;
}

/** The state in words, with the phase where there is one: `updating: freeze`, `rolled-back`. */
export function describeHost(host: Pick<HostResponse, 'state' | 'update'>): string {
  const fleetState = fleetStateOf(host);
  if (host.state === 'decommissioned' || host.update === null) return host.state;
  if (fleetState === 'online' || fleetState === 'offline') return host.state;
  return describeUpdate(host.update);
}

/** `running freeze`, `held`, `failed in reboot`. */
export function describeUpdate({
  state,
  phase,
}: {
  readonly state: HostUpdateStateName;
  readonly phase: string | null;
}): string {
  if (phase === null || state === 'succeeded') return state;
  return state === 'running' ? `running ${phase}` : `${state} in ${phase}`;
}
