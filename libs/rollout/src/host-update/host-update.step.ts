import type { CommandPhase, Phase } from '../model/phase';
import { BLACKOUT_CHAIN, comparePhases, isLaterInBlackoutChain, nextPhase } from '../model/phase';
import type { Reason } from '../model/reason';
import type { RolloutReasonCode } from '../model/reason-code';
import type { Strategy } from '../model/strategy';
import type { CommandIntent, HostUpdateEffect } from './host-update.effect';
import type { HostUpdateEvent, HostUpdateEventKind, ResultOf } from './host-update.event';
import type { HostUpdateKind, HostUpdateState } from './host-update.state';

/** What the record knows beside the state. */
export interface HostUpdateContext {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  readonly strategy: Strategy;
  /** Attempts begun so far; 0 while the host update has never started. */
  readonly attempt: number;
  /** How often finish has been asked in this attempt. */
  readonly finishTries: number;
  /** An abort was recorded in this attempt. */
  readonly abortRequested: boolean;
}

export interface HostUpdateAdvanced {
  readonly kind: 'advanced';
  readonly state: HostUpdateState;
  readonly effects: readonly HostUpdateEffect[];
}

/** What one event does: something, nothing because it is a repeat or late, or nothing because it makes no sense. */
export type HostUpdateStep =
  | HostUpdateAdvanced
  | { readonly kind: 'ignored' }
  | { readonly kind: 'illegal'; readonly reason: string };

export type StateOf<S extends HostUpdateKind> = Extract<HostUpdateState, { kind: S }>;
export type EventOf<E extends HostUpdateEventKind> = Extract<HostUpdateEvent, { kind: E }>;

/** One cell of the transition table. */
export type HostUpdateCell<S extends HostUpdateKind, E extends HostUpdateEventKind> = (
  state: StateOf<S>,
  event: EventOf<E>,
  context: HostUpdateContext,
) => HostUpdateStep;

/** One state's cells; a missing one does not compile. */
export type HostUpdateRow<S extends HostUpdateKind> = {
  readonly [E in HostUpdateEventKind]: HostUpdateCell<S, E>;
};

export function advanced(
  state: HostUpdateState,
  ...effects: readonly HostUpdateEffect[]
): HostUpdateAdvanced {
  return { kind: 'advanced', state, effects };
}

/** A cell for events that are late or repeated. */
export const ignore = (): HostUpdateStep => ({ kind: 'ignored' });

/** A cell for events that contradict the record. */
export const refuse = (why: string) => (): HostUpdateStep => ({ kind: 'illegal', reason: why });

/** What is said only of updates that have not started, as a started one takes it. */
export const notPending = {
  'host-absent': ignore,
  'host-returned': ignore,
  'already-on-release': ignore,
  'release-unfit': ignore,
  'skip-requested': refuse('the host update has started'),
  'unskip-requested': refuse('the host update was not skipped'),
} as const;

/** A reason this library gives by itself. */
export function ownReason(code: RolloutReasonCode, detail: string): Reason<RolloutReasonCode> {
  return { code, detail };
}

/**
 * How the result of `phase` relates to an update that stands at `current`: `due` results say something new, `past`
 * ones are repeats, `never-issued` ones answer a command that does not exist. Results of the blackout chain may
 * arrive out of order after a reboot; a later one implies that the earlier ones succeeded.
 */
export function relateResult(
  current: Phase,
  phase: Phase,
  of: ResultOf,
  context: HostUpdateContext,
): 'due' | 'past' | 'never-issued' {
  if (of.attempt < context.attempt) return 'past';
  if (of.attempt > context.attempt) return 'never-issued';
  if (phase === 'finish' && of.finishTry < context.finishTries) return 'past';
  if (comparePhases(phase, current) < 0) return 'past';
  return phase === current || isLaterInBlackoutChain(current, phase) ? 'due' : 'never-issued';
}

/** Whether a result answers a command of the attempt that runs now. */
export function isOfThisAttempt(of: ResultOf, context: HostUpdateContext): boolean {
  return of.attempt === context.attempt;
}

/** Runs `act` when the result says something new about an update that stands at `current`. */
export function whenDue(
  current: Phase,
  event: ResultOf & { readonly phase: Phase },
  context: HostUpdateContext,
  act: () => HostUpdateStep,
): HostUpdateStep {
  const relation = relateResult(current, event.phase, event, context);
  if (relation === 'due') return act();
  return relation === 'past' ? ignore() : neverIssued(current, event.phase, event);
}

export function neverIssued(current: Phase, phase: CommandPhase, of: ResultOf): HostUpdateStep {
  return {
    kind: 'illegal',
    reason: `a result of ${phase} (attempt ${of.attempt}) came while the update stands at ${current}, but no such command was issued`,
  };
}

/** The step after `phase` has succeeded: the next phase, or the end. */
export function succeedPhase(
  phase: Phase,
  context: HostUpdateContext,
  ...before: readonly HostUpdateEffect[]
): HostUpdateStep {
  const next = nextPhase(phase);
  return next === null
    ? advanced({ kind: 'succeeded' }, ...before)
    : enterPhase(next, context, ...before);
}

/** Moves to `phase` and issues what it needs; reboot and retrieve were issued together with freeze. */
export function enterPhase(
  phase: Phase,
  context: HostUpdateContext,
  ...before: readonly HostUpdateEffect[]
): HostUpdateStep {
  const state: HostUpdateState = {
    kind: 'running',
    phase,
    deadlineAtMs: context.nowMs + waitForResultMs(phase, context.strategy),
  };
  switch (phase) {
    case 'preflight':
    case 'preserve':
    case 'verify':
      return advanced(state, ...before, issue([command(phase, context)]));
    case 'freeze':
      return advanced(state, ...before, issue(blackoutCommands(context)));
    case 'reboot':
    case 'retrieve':
      return advanced(state, ...before);
    case 'finish':
      return askFinish(state, context, before);
  }
}

function askFinish(
  state: HostUpdateState,
  context: HostUpdateContext,
  before: readonly HostUpdateEffect[],
): HostUpdateStep {
  const finishTry = context.finishTries + 1;
  return advanced(
    state,
    ...before,
    { kind: 'record-finish-try', finishTries: finishTry },
    issue([{ ...command('finish', context), finishTry }]),
  );
}

/** A refused finish is held and asked again, until the strategy's tries are used up. */
export function refuseFinish(reason: Reason, context: HostUpdateContext): HostUpdateStep {
  const { finishTriesMax, finishRetryMs } = context.strategy;
  if (context.finishTries < finishTriesMax) {
    return advanced({ kind: 'held', reason, retryAtMs: context.nowMs + finishRetryMs });
  }
  const detail = `finish was refused ${context.finishTries} times, last: ${reason.code}: ${reason.detail}`;
  return advanced({
    kind: 'failed',
    phase: 'finish',
    reason: { ...reason, ...ownReason('FINISH_REFUSED', detail) },
  });
}

/** Asks for the undo of preserve and freeze. */
export function enterRollback(
  phase: Phase,
  reason: Reason,
  context: HostUpdateContext,
  ...before: readonly HostUpdateEffect[]
): HostUpdateStep {
  return advanced(
    rollingBack(phase, reason, context),
    ...before,
    { kind: 'void-commands' },
    issue([command('rollback', context)]),
  );
}

export function rollingBack(
  phase: Phase,
  reason: Reason,
  context: HostUpdateContext,
): HostUpdateState {
  const deadlineAtMs = context.nowMs + context.strategy.phaseTimeoutsMs.rollback;
  return { kind: 'rolling-back', phase, reason, deadlineAtMs };
}

/**
 * How long the control plane waits in a phase, milliseconds. Reboot includes retrieve, because an agent retrieves
 * before it connects; verify includes the soak.
 */
export function waitForResultMs(phase: Phase, strategy: Strategy): number {
  const { phaseTimeoutsMs: timeouts, soakMs } = strategy;
  if (phase === 'reboot') return timeouts.reboot + timeouts.retrieve;
  return phase === 'verify' ? timeouts.verify + soakMs : timeouts[phase];
}

/** Share of the phase's time that the agent gets; the rest is for the way there and back. */
const AGENT_SHARE = 0.9;

function command(phase: CommandPhase, context: HostUpdateContext): CommandIntent {
  const { phaseTimeoutsMs, soakMs } = context.strategy;
  const soak = phase === 'verify' ? soakMs : 0;
  return {
    phase,
    attempt: context.attempt,
    finishTry: 0,
    afterPhase: null,
    timeoutMs: Math.max(1, Math.floor(phaseTimeoutsMs[phase] * AGENT_SHARE)) + soak,
    soakMs: soak,
  };
}

function blackoutCommands(context: HostUpdateContext): readonly CommandIntent[] {
  return BLACKOUT_CHAIN.map((phase, index) => ({
    ...command(phase, context),
    afterPhase: BLACKOUT_CHAIN[index - 1] ?? null,
  }));
}

function issue(commands: readonly CommandIntent[]): HostUpdateEffect {
  return { kind: 'issue-commands', commands };
}
