import type { HostUpdateKind, HostUpdateState } from './host-update.state';

/** What a kind of state means to planners, counters and operators. */
export interface HostUpdateTraits {
  /** Nothing happens any more unless an operator retries or a lost host reports after all. */
  readonly terminal: boolean;
  /** Takes one of the strategy's `maxConcurrent` slots and keeps other rollouts off the host. */
  readonly inFlight: boolean;
  /** Counts in the failure budget. */
  readonly failure: boolean;
  /** An operator may ask for another attempt. */
  readonly retryable: boolean;
}

/** The one table from which every predicate on host update states is derived. */
export const HOST_UPDATE_TRAITS: Readonly<Record<HostUpdateKind, HostUpdateTraits>> = {
  pending: { terminal: false, inFlight: false, failure: false, retryable: false },
  running: { terminal: false, inFlight: true, failure: false, retryable: false },
  'rolling-back': { terminal: false, inFlight: true, failure: false, retryable: false },
  held: { terminal: false, inFlight: true, failure: false, retryable: false },
  succeeded: { terminal: true, inFlight: false, failure: false, retryable: false },
  'rolled-back': { terminal: true, inFlight: false, failure: true, retryable: true },
  failed: { terminal: true, inFlight: false, failure: true, retryable: true },
  lost: { terminal: true, inFlight: false, failure: true, retryable: true },
  'lost-state': { terminal: true, inFlight: false, failure: true, retryable: true },
  cancelled: { terminal: true, inFlight: false, failure: false, retryable: true },
  skipped: { terminal: true, inFlight: false, failure: false, retryable: true },
};

export const HOST_UPDATE_KINDS = Object.keys(HOST_UPDATE_TRAITS) as readonly HostUpdateKind[];

/** Kinds whose traits have `trait` set, for queries such as "state in (…)". */
export function hostUpdateKindsThatAre(trait: keyof HostUpdateTraits): readonly HostUpdateKind[] {
  return HOST_UPDATE_KINDS.filter((kind) => HOST_UPDATE_TRAITS[kind][trait]);
}

export function isTerminal(state: Pick<HostUpdateState, 'kind'>): boolean {
  return HOST_UPDATE_TRAITS[state.kind].terminal;
}

export function isInFlight(state: Pick<HostUpdateState, 'kind'>): boolean {
  return HOST_UPDATE_TRAITS[state.kind].inFlight;
}

export function isFailure(state: Pick<HostUpdateState, 'kind'>): boolean {
  return HOST_UPDATE_TRAITS[state.kind].failure;
}

/** Ended without a try although the host does not run the release. */
export function isMissed(state: HostUpdateState): boolean {
  return (
    state.kind === 'cancelled' ||
    (state.kind === 'skipped' && state.reason.code !== 'ALREADY_ON_RELEASE')
  );
}

export function isRetryable(state: Pick<HostUpdateState, 'kind'>): boolean {
  return HOST_UPDATE_TRAITS[state.kind].retryable;
}
