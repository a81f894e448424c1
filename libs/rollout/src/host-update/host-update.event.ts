import type { CommandPhase, Phase } from '../model/phase';
import type { Reason } from '../model/reason';

/** Which command a result answers; results of earlier attempts and earlier finish tries are ignored. */
export interface ResultOf {
  readonly attempt: number;
  /** 1 for the first finish of an attempt, 0 for every other phase. */
  readonly finishTry: number;
}

/** What can happen to a host update. One result, one operator's word or one time-out is one event. */
export type HostUpdateEvent =
  /** The planner lets it begin. */
  | { readonly kind: 'started' }
  | ({ readonly kind: 'phase-succeeded'; readonly phase: Phase } & ResultOf)
  /** The phase failed and the host is as it was before the update. */
  | ({
      readonly kind: 'phase-rolled-back';
      readonly phase: Phase;
      readonly reason: Reason;
    } & ResultOf)
  /** The phase failed and the host is not as it was. */
  | ({ readonly kind: 'phase-failed'; readonly phase: Phase; readonly reason: Reason } & ResultOf)
  /** Nothing changed; may be asked again. Of rollback: the host is past the point of no return. */
  | ({
      readonly kind: 'phase-refused';
      readonly phase: CommandPhase;
      readonly reason: Reason;
    } & ResultOf)
  /** The host came back without its sessions. */
  | ({
      readonly kind: 'phase-state-lost';
      readonly phase: Phase;
      readonly reason: Reason;
    } & ResultOf)
  /** The command was not carried out: the one before it did not succeed, or a newer one replaced it. */
  | ({ readonly kind: 'phase-voided'; readonly phase: CommandPhase } & ResultOf)
  | ({ readonly kind: 'rollback-succeeded' } & ResultOf)
  | ({ readonly kind: 'rollback-failed'; readonly reason: Reason } & ResultOf)
  /** `deadlineAtMs` has passed without a result. */
  | { readonly kind: 'deadline-passed' }
  /** `retryAtMs` of a held finish has come. */
  | { readonly kind: 'hold-elapsed' }
  /** The rollout is being aborted. */
  | { readonly kind: 'abort-requested' }
  /** An operator wants another attempt. */
  | { readonly kind: 'retry-requested' }
  /** The host was taken out of the fleet; nothing more will come from it. */
  | { readonly kind: 'host-decommissioned' }
  /** Its turn has come, and the host is offline. */
  | { readonly kind: 'host-absent' }
  /** The host is online again. */
  | { readonly kind: 'host-returned' }
  /** Its turn has come, and the host runs the release already. */
  | { readonly kind: 'already-on-release' }
  /** Its turn has come, and its agent does not understand what the update would ask. */
  | { readonly kind: 'release-unfit'; readonly lacks: readonly string[] }
  /** An operator leaves the host out; `why` may be empty. */
  | { readonly kind: 'skip-requested'; readonly why: string }
  /** The undo of `skip-requested`, whatever it was skipped for. */
  | { readonly kind: 'unskip-requested' }
  /** What was decided for it, or reported of it, can not be stored. */
  | { readonly kind: 'unstorable'; readonly reason: Reason };

export type HostUpdateEventKind = HostUpdateEvent['kind'];

/** How a command ended, in the words of the wire contract. */
export type CommandOutcome =
  'succeeded' | 'rolled-back' | 'failed' | 'refused' | 'state-lost' | 'voided';

export interface CommandResultFacts extends ResultOf {
  readonly phase: CommandPhase;
  readonly outcome: CommandOutcome;
  /** Ignored when the outcome is succeeded or voided. */
  readonly reason: Reason;
}

/** Translates a command's result into the event it means for its host update. */
export function hostUpdateEventOf(result: CommandResultFacts): HostUpdateEvent {
  const { phase, outcome, reason } = result;
  const of: ResultOf = { attempt: result.attempt, finishTry: result.finishTry };
  if (outcome === 'refused') return { kind: 'phase-refused', phase, reason, ...of };
  if (outcome === 'voided') return { kind: 'phase-voided', phase, ...of };
  if (phase === 'rollback') return rollbackEventOf(outcome, reason, of);
  switch (outcome) {
    case 'succeeded':
      return { kind: 'phase-succeeded', phase, ...of };
    case 'rolled-back':
      return { kind: 'phase-rolled-back', phase, reason, ...of };
    case 'failed':
      return { kind: 'phase-failed', phase, reason, ...of };
    case 'state-lost':
      return { kind: 'phase-state-lost', phase, reason, ...of };
  }
}

/** A rollback that ends "rolled back" did what it was asked; one that lost state did not. */
function rollbackEventOf(
  outcome: 'succeeded' | 'rolled-back' | 'failed' | 'state-lost',
  reason: Reason,
  of: ResultOf,
): HostUpdateEvent {
  return outcome === 'succeeded' || outcome === 'rolled-back'
    ? { kind: 'rollback-succeeded', ...of }
    : { kind: 'rollback-failed', reason, ...of };
}
