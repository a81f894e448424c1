import {
  isRolloutTerminal,
  type Reason,
  ROLLOUT_KINDS,
  type RolloutState,
  type WaveState,
} from '@luofleet/rollout';
import { wordsOf } from '../database/words';

export interface StateColumns<Kind extends string> {
  readonly state: Kind;
  readonly reasonCode: string;
  readonly reasonDetail: string;
}

export type RolloutColumns = StateColumns<RolloutState['kind']> & {
  readonly failuresAccepted: number;
};

export function rolloutColumnsOf(state: RolloutState): RolloutColumns {
  return {
    ...stateColumnsOf(state),
    failuresAccepted: 'failuresAccepted' in state ? state.failuresAccepted : 0,
  };
}

/** States in which the planner may have something to do, for `state IN (…)`. */
export const PLANNABLE_WORDS = wordsOf(
  ROLLOUT_KINDS.filter((kind) => kind !== 'paused' && !isRolloutTerminal({ kind })),
);

/** The undo of `rolloutColumnsOf`. */
export function rolloutStateOf(columns: RolloutColumns): RolloutState {
  const { state: kind, failuresAccepted } = columns;
  const reason = reasonOf(columns);
  switch (kind) {
    case 'planned':
    case 'succeeded':
      return { kind };
    case 'running':
      return { kind, failuresAccepted };
    case 'paused':
      return { kind, reason, failuresAccepted };
    case 'aborting':
    case 'aborted':
    case 'failed':
      return { kind, reason };
  }
}

export function stateColumnsOf<State extends { readonly kind: string; readonly reason?: Reason }>(
  state: State,
): StateColumns<State['kind']> {
  return {
    state: state.kind,
    reasonCode: state.reason?.code ?? '',
    reasonDetail: state.reason?.detail ?? '',
  };
}

export function waveStateOf(columns: StateColumns<WaveState['kind']>): WaveState {
  return columns.state === 'failed'
    ? { kind: columns.state, reason: reasonOf(columns) }
    : { kind: columns.state };
}

function reasonOf(columns: StateColumns<string>): Reason {
  return { code: columns.reasonCode, detail: columns.reasonDetail };
}
