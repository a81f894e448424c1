/** Figures that rollout pages draw, from the counts that the control plane gives. Pure. */
import {
  HOST_UPDATE_STATES,
  type HostCountsResponse,
  type HostUpdateStateName,
  type RolloutResponse,
  type WaitingResponse,
} from '@luofleet/contracts';
import { HOST_UPDATE_TRAITS } from '@luofleet/rollout';

export interface BarSegment {
  readonly state: HostUpdateStateName;
  readonly count: number;
}

/** Order in a progress bar: what has ended well first, what has not started last. */
const BAR_ORDER: readonly HostUpdateStateName[] = [
  'succeeded',
  'rolled-back',
  'failed',
  'lost',
  'lost-state',
  'cancelled',
  'skipped',
  'held',
  'rolling-back',
  'running',
  'pending',
];

export function barSegments({ byState }: HostCountsResponse): BarSegment[] {
  return BAR_ORDER.flatMap((state) => {
    const count = byState[state] ?? 0;
    return count === 0 ? [] : [{ state, count }];
  });
}

/** Hosts that run the release because of this rollout. An update that ended in another way has changed nothing for good. */
export function updatedTotal({ byState }: HostCountsResponse): number {
  return byState.succeeded ?? 0;
}

/** Hosts whose update has ended, and which do not run the release because of it. */
export function notUpdatedTotal({ byState }: HostCountsResponse): number {
  return sumOf(byState, (state) => HOST_UPDATE_TRAITS[state].terminal && state !== 'succeeded');
}

/** Host updates that count in the failure budget. */
export function failuresTotal({ byState }: HostCountsResponse): number {
  return sumOf(byState, (state) => HOST_UPDATE_TRAITS[state].failure);
}

function sumOf(
  byState: HostCountsResponse['byState'],
  counts: (state: HostUpdateStateName) => boolean,
): number {
  return HOST_UPDATE_STATES.reduce(
    (sum, state) => sum + (counts(state) ? (byState[state] ?? 0) : 0),
    0,
  );
}

export interface WaitingGroup {
  readonly code: string;
  readonly entries: readonly WaitingResponse[];
  /** Entries of this code that the stored report counts but leaves out. */
  readonly leftOut: number;
}

/** The entries of a report by reason code, codes and entries in the order in which the report gives them. */
export function groupWaiting({
  waiting,
  waitCounts,
}: Pick<RolloutResponse['report'], 'waiting' | 'waitCounts'>): WaitingGroup[] {
  const groups = new Map<string, WaitingResponse[]>();
  for (const entry of waiting) {
    const group = groups.get(entry.reason.code);
    if (group) group.push(entry);
    else groups.set(entry.reason.code, [entry]);
  }
  return [...groups].map(([code, entries]) => {
    const updates = entries.filter(({ subject }) => subject === 'host-update').length;
    return { code, entries, leftOut: Math.max(0, (waitCounts[code] ?? 0) - updates) };
  });
}
