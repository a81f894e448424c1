import type { Reason } from '../model/reason';

/**
 * DOC: the wave machine
 *
 * Purpose: how far one wave is. The planner derives every event from the wave's host updates.
 *
 * Happy path: pending, running once its first host update starts, succeeded once all have succeeded.
 *
 * Unhappy paths: failed once all have ended and one of them failed (whether the next wave starts is the failure
 * budget's affair, not the wave's); cancelled when an abort kept any of its host updates from starting, or
 * when hosts were left out and none was updated.
 * A retry, or a lost host that reports after all, opens an ended wave again; a failed one has succeeded when the last
 * failure turns out to be none.
 */
export type WaveState =
  | { readonly kind: 'pending' }
  | { readonly kind: 'running' }
  /** Every host update succeeded; skipped ones and those of decommissioned hosts are left out. */
  | { readonly kind: 'succeeded' }
  /** Every host update ended, and at least one failed. */
  | { readonly kind: 'failed'; readonly reason: Reason }
  /** Not all of it was gone through, and nothing failed. */
  | { readonly kind: 'cancelled' };

export type WaveKind = WaveState['kind'];

/** What the planner sees in a wave's host updates. */
export type WaveEvent =
  /** One of them has started, and not all have ended. */
  | { readonly kind: 'started' }
  /** All of them have ended. */
  | {
      readonly kind: 'ended';
      readonly failures: number;
      readonly succeeded: number;
      /** Left out although their hosts do not run the release; `cancelled` of them by an abort. */
      readonly missed: number;
      readonly cancelled: number;
    }
  /** Not all of them have ended any more. */
  | { readonly kind: 'reopened' };

export type WaveEventKind = WaveEvent['kind'];

export type WaveStep =
  { readonly kind: 'advanced'; readonly state: WaveState } | { readonly kind: 'ignored' };

type Cell<E extends WaveEventKind> = (event: Extract<WaveEvent, { kind: E }>) => WaveStep;

const ignore = (): WaveStep => ({ kind: 'ignored' });
const run = (): WaveStep => ({ kind: 'advanced', state: { kind: 'running' } });
const end: Cell<'ended'> = ({ failures, succeeded, missed, cancelled }) => {
  if (failures > 0) {
    const detail = `${failures} of ${failures + succeeded} host updates did not succeed`;
    const reason: Reason = { code: 'HOSTS_NOT_UPDATED', detail };
    return { kind: 'advanced', state: { kind: 'failed', reason } };
  }
  const stopped = cancelled > 0 || (succeeded === 0 && missed > 0);
  return { kind: 'advanced', state: { kind: stopped ? 'cancelled' : 'succeeded' } };
};

const TABLE: {
  readonly [S in WaveKind]: { readonly [E in WaveEventKind]: Cell<E> };
} = {
  pending: { started: run, ended: end, reopened: ignore },
  running: { started: ignore, ended: end, reopened: ignore },
  succeeded: { started: ignore, ended: ignore, reopened: run },
  failed: {
    started: ignore,
    ended: (event) => (event.failures === 0 ? end(event) : ignore()),
    reopened: run,
  },
  cancelled: { started: run, ended: ignore, reopened: run },
};

export const WAVE_KINDS = Object.keys(TABLE) as readonly WaveKind[];

/** Applies one event. Deterministic and total; never throws. */
export function advanceWave(state: WaveState, event: WaveEvent): WaveStep {
  const cell = TABLE[state.kind][event.kind] as (event: WaveEvent) => WaveStep;
  return cell(event);
}

/** The state of a wave nobody has started. */
export const NEW_WAVE: WaveState = { kind: 'pending' };

export function isWaveEnded(state: Pick<WaveState, 'kind'>): boolean {
  return state.kind === 'succeeded' || state.kind === 'failed' || state.kind === 'cancelled';
}
