/**
 * DOC: filtering the fleet
 *
 * Purpose: text and state are matched here against the hosts that have come; the selector goes to the control plane,
 * which is the only one that decides what a selector matches. All three live in the address, so that a view can be
 * sent to somebody.
 */
import type { HostResponse } from '@luofleet/contracts';
import { parseSelector } from '@luofleet/rollout';
import { describeHost, FLEET_STATES, fleetStateOf, type FleetState } from '../state/tone';

export interface FleetFilter {
  readonly text: string;
  readonly selector: string;
  /** Empty: every state. */
  readonly states: readonly FleetState[];
}

export function readFilter(search: URLSearchParams): FleetFilter {
  const named = (search.get('state') ?? '').split(',');
  return {
    text: search.get('text') ?? '',
    selector: search.get('selector') ?? '',
    states: FLEET_STATES.filter((state) => named.includes(state)),
  };
}

/** The address with the filter in it; what does not filter is left out. */
export function writeFilter(search: URLSearchParams, filter: FleetFilter): URLSearchParams {
  const next = new URLSearchParams(search);
  const set = (name: string, value: string): void =>
    value === '' ? next.delete(name) : next.set(name, value);
  set('text', filter.text);
  set('selector', filter.selector);
  set('state', filter.states.join(','));
  return next;
}

export function toggleState(filter: FleetFilter, state: FleetState): FleetFilter {
  const states = FLEET_STATES.filter((each) => filter.states.includes(each) !== (each === state));
  return { ...filter, states };
}

/** What is wrong with a selector, in a sentence, or null when it can be asked for. */
export function selectorFault(selector: string): string | null {
  const parsed = parseSelector(selector);
  if (parsed.kind === 'selector') return null;
  return `Position ${parsed.problem.position + 1}: ${parsed.problem.message}`;
}

/** Every word of the text occurs somewhere in what the list shows of the host, in any order, whatever the case. */
export function matchesText(host: HostResponse, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const shown = [
    host.name,
    host.backend,
    host.failureDomain,
    host.runningVersion,
    host.kernelRelease,
    describeHost(host),
    host.update?.rolloutName ?? '',
    ...Object.entries(host.labels).map(([key, value]) => `${key}=${value}`),
  ]
    .join('\n')
    .toLowerCase();
  return words.every((word) => shown.includes(word));
}

export interface FilteredFleet {
  readonly hosts: readonly HostResponse[];
  /** Hosts by state among those that the text matches, before states are filtered. */
  readonly countsByState: Readonly<Record<FleetState, number>>;
}

export function filterFleet(hosts: readonly HostResponse[], filter: FleetFilter): FilteredFleet {
  const countsByState = Object.fromEntries(FLEET_STATES.map((state) => [state, 0])) as Record<
    FleetState,
    number
  >;
  const matching: HostResponse[] = [];
  for (const host of hosts) {
    if (!matchesText(host, filter.text)) continue;
    const state = fleetStateOf(host);
    countsByState[state] += 1;
    if (filter.states.length === 0 || filter.states.includes(state)) matching.push(host);
  }
  return { hosts: matching, countsByState };
}
