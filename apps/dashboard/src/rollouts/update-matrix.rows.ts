/** Which host updates the matrix shows, in which order, and how each phase of one looks. Pure. */
import {
  PHASE_NAMES,
  type HostUpdateResponse,
  type HostUpdateStateName,
  type PhaseName,
} from '@luofleet/contracts';
import { HOST_UPDATE_TONES, type Tone } from '../state/tone';

/** `before`: not reached, or never run; `done`; `now`: where the host update stands. */
export type PhaseMark =
  | { readonly kind: 'before' }
  | { readonly kind: 'done' }
  | { readonly kind: 'now'; readonly tone: Tone };

/** One mark for each phase in order. */
export function phaseMarks({
  state,
  phase,
}: Pick<HostUpdateResponse, 'state' | 'phase'>): PhaseMark[] {
  const standsAt = standingPhase(state, phase);
  return PHASE_NAMES.map((_, index): PhaseMark => {
    if (state === 'succeeded' || index < standsAt) return { kind: 'done' };
    return index === standsAt
      ? { kind: 'now', tone: HOST_UPDATE_TONES[state] }
      : { kind: 'before' };
  });
}

/** Index of the phase a host update stands at; -1 when it stands at none. */
function standingPhase(state: HostUpdateStateName, phase: PhaseName | null): number {
  // Held is about finish by definition, whether or not the answer names the phase.
  if (state === 'held') return PHASE_NAMES.indexOf('finish');
  if (state === 'pending' || state === 'cancelled' || state === 'skipped' || phase === null)
    return -1;
  return PHASE_NAMES.indexOf(phase);
}

export const MATRIX_ORDERS = ['attention first', 'rollout order', 'longest blackout'] as const;
export type MatrixOrder = (typeof MATRIX_ORDERS)[number];

/** Smaller comes first: what moves or went wrong is what people look for. */
const INTEREST: Readonly<Record<HostUpdateStateName, number>> = {
  lost: 0,
  'lost-state': 0,
  failed: 1,
  'rolled-back': 2,
  'rolling-back': 3,
  held: 3,
  running: 4,
  pending: 5,
  cancelled: 6,
  succeeded: 7,
  skipped: 7,
};

export function orderUpdates(
  updates: readonly HostUpdateResponse[],
  order: MatrixOrder,
): HostUpdateResponse[] {
  const byPosition = (a: HostUpdateResponse, b: HostUpdateResponse): number =>
    a.waveIndex - b.waveIndex || a.position - b.position;
  switch (order) {
    case 'rollout order':
      return [...updates].sort(byPosition);
    case 'attention first':
      return [...updates].sort((a, b) => INTEREST[a.state] - INTEREST[b.state] || byPosition(a, b));
    case 'longest blackout':
      return [...updates].sort(
        (a, b) => (b.blackoutMs ?? -1) - (a.blackoutMs ?? -1) || byPosition(a, b),
      );
  }
}

export interface MatrixFilter {
  readonly state: HostUpdateStateName | null;
  readonly waveIndex: number | null;
}

export function filterUpdates(
  updates: readonly HostUpdateResponse[],
  { state, waveIndex }: MatrixFilter,
): HostUpdateResponse[] {
  return updates.filter(
    (update) =>
      (state === null || update.state === state) &&
      (waveIndex === null || update.waveIndex === waveIndex),
  );
}
