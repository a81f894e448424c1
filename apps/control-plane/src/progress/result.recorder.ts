/**
 * DOC: results
 *
 * Purpose: what an agent reports about a command, stored in one transaction: the command's end, the host update's next
 * state with its commands, the blackout, sessions and files, facts about the host, events.
 *
 * Happy path: first report of an open command; the host update advances; the caller acknowledges, the next commands go
 * out on the same stream, and the reconciler is woken when a slot or a decision has become free.
 *
 * Unhappy paths: a result that came before changes nothing and is acknowledged again. A result for a key that is not in
 * the record, or of another host, is acknowledged and logged, so that the agent can forget it. One that is late, of an
 * earlier attempt or an ended update, still ends its command, and moves the sessions and files of its attempt forward;
 * what it leaves open there is settled at once. A result that
 * leads towards the blackout of a rollout whose abort is stored undoes the host update instead. One that
 * contradicts the record ends the command and is logged. A host that was given up reports after all: its rollout is
 * opened again in the same transaction, unless another rollout has the host by then. Another writer was faster: everything
 * is read again. Postgres refuses a value: the result is stored again part by part, and what can never be stored is set
 * aside and told; the phase's outcome counts all the same (result.parts).
 */
import { Inject, Injectable } from '@nestjs/common';
import {
  acceptCommand,
  type AnsweredCommand,
  asUnstorable,
  type CommandEnd,
  Database,
  endCommand,
  holdHostUpdate,
  lockRollout,
  passFence,
  rolloutHoldingHost,
  type UnitOfWork,
  type UnstorableError,
  writeHostFacts,
} from '@luofleet/persistence';
import type { Logger } from '@luofleet/platform';
import type { CommandResult } from '@luofleet/proto';
import {
  advanceHostUpdate,
  type CommandOutcome,
  hostUpdateEventOf,
  type HostUpdateState,
  type HostUpdateStep,
  isInFlight,
  isTerminal,
  parseIdempotencyKey,
  type Reason,
} from '@luofleet/rollout';
import { RolloutReconciler } from './rollout.reconciler';
import { LOGGER } from '../settings/platform.module';
import { endUnstorable, type Follow, NOTHING_FOLLOWS, RolloutChange } from './rollout-change';
import { NOT_STORABLE, ResultParts, type Said, saidIn } from './result.parts';
import { outcomeFromWire } from '../delivery/wire';

const ENDS: Readonly<Record<CommandOutcome, CommandEnd['state']>> = {
  succeeded: 'succeeded',
  'rolled-back': 'failed',
  failed: 'failed',
  refused: 'refused',
  'state-lost': 'failed',
  voided: 'voided',
};

interface End {
  readonly command: AnsweredCommand;
  readonly outcome: CommandOutcome;
  readonly said: Said;
  readonly step: HostUpdateStep;
  readonly nowMs: number;
}

@Injectable()
export class ResultRecorder {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(RolloutReconciler) private readonly reconciler: RolloutReconciler,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The agent has the command in its journal. */
  async accept(hostId: string, idempotencyKey: string): Promise<void> {
    await this.database.read('accept command', `command ${idempotencyKey}`, (client) =>
      acceptCommand(client, hostId, idempotencyKey),
    );
  }

  /** Once this has returned, the result is in Postgres, or as much of it as can be. */
  async record(hostId: string, result: CommandResult): Promise<Follow> {
    try {
      return await this.recordOnce(hostId, result, { careful: false });
    } catch (error) {
      if (asUnstorable(error) === null) throw error;
      const { idempotencyKey } = result;
      this.logger.warn('result can not be stored as it is', { idempotencyKey, hostId, err: error });
      return this.recordOnce(hostId, result, { careful: true });
    }
  }

  private recordOnce(
    hostId: string,
    result: CommandResult,
    { careful }: { readonly careful: boolean },
  ): Promise<Follow> {
    const { idempotencyKey } = result;
    const outcome = outcomeFromWire(result.outcome);
    return this.database.transaction('record result', `command ${idempotencyKey}`, async (unit) => {
      const parts = new ResultParts(unit, { hostId, result, careful });
      const command = await parts.readCommand();
      const unusable = whyUnusable(command, hostId, outcome);
      if (command === null || outcome === null || unusable !== null) {
        this.logger.warn('result dropped', { idempotencyKey, hostId, why: unusable });
        await parts.setAside();
        return NOTHING_FOLLOWS;
      }
      if (!command.unanswered) return NOTHING_FOLLOWS;
      const stored = await parts.store(
        'result',
        () => this.store(unit, parts, command, outcome),
        (why) => this.giveUp(unit, command, outcome, why),
      );
      await parts.setAside(command);
      return stored;
    });
  }

  private async store(
    unit: UnitOfWork,
    parts: ResultParts,
    command: AnsweredCommand,
    outcome: CommandOutcome,
  ): Promise<Follow> {
    const { result } = parts;
    const nowMs = command.readAtMs;
    const answered = this.advance(command, outcome, saidIn(result).reason, nowMs);
    const step = await this.yieldHost(
      unit,
      command,
      await this.heedAbort(unit, command, answered, nowMs),
    );
    const reopens = step.kind === 'advanced' && isTerminal(command.update.state);
    if (reopens) await lockRollout(unit, command.update.rolloutId);
    await parts.store('host facts', () => writeHostFacts(unit, command.host.id, result));
    const follow = await parts.storeSaid((said) => {
      const stepOf = step === answered ? this.advance(command, outcome, said.reason, nowMs) : step;
      return this.storeEnd(unit, parts, { command, outcome, said, step: stepOf, nowMs });
    });
    await parts.storeSessions(command);
    parts.tellLeftOut(command);
    if (isOver(command, step)) await parts.settle(unit, { hostUpdateIds: [command.update.id] });
    const { rolloutId } = command.update;
    // An ended rollout has to learn that this host goes on before the host can end again, or that it has ended well.
    const started = reopens ? await this.reconciler.reconcileWithin(unit, rolloutId) : [];
    return started === 'locked' ? follow : { ...follow, issued: [...follow.issued, ...started] };
  }

  /** Nothing of a result can be stored: its host update, where it waits for just that, does not wait for its deadline. */
  private async giveUp(
    unit: UnitOfWork,
    command: AnsweredCommand,
    outcome: CommandOutcome,
    { sqlState }: UnstorableError,
  ): Promise<Follow> {
    const { phase, strategy, readAtMs: nowMs } = command;
    const step = this.advance(command, outcome, NOT_STORABLE.reason, nowMs);
    if (step.kind !== 'advanced') return NOTHING_FOLLOWS;
    const refused = sqlState && ` (SQLSTATE ${sqlState})`;
    const detail = `nothing of the host's result of ${phase} could be stored${refused}; it was set aside`;
    const reason = { ...NOT_STORABLE.reason, detail };
    const update = changeable(command, NOT_STORABLE);
    const about = { reason, strategy, nowMs, actor: 'host' } as const;
    return { ...(await endUnstorable(unit, update, about)), plan: [update.rolloutId] };
  }

  /** The host update's next state with its commands, and the command's end. */
  private async storeEnd(
    unit: UnitOfWork,
    { settle }: ResultParts,
    { command, outcome, said, step, nowMs }: End,
  ): Promise<Follow> {
    const change = new RolloutChange('host');
    if (step.kind === 'advanced') change.hostUpdate(changeable(command, said), step, said.blackout);
    // What is written of a late result has to know whether its attempt is over.
    else await holdHostUpdate(unit, command.update);
    const follow = await change.store(unit, nowMs, settle);
    await endCommand(unit, {
      idempotencyKey: command.idempotencyKey,
      state: ENDS[outcome],
      outcome,
      reason: outcome === 'succeeded' ? null : said.reason,
      startedAtMs: said.startedAtMs,
      finishedAtMs: said.finishedAtMs,
    });
    return follow;
  }

  private advance(
    command: AnsweredCommand,
    outcome: CommandOutcome,
    reason: Reason,
    nowMs: number,
  ): HostUpdateStep {
    const { update, strategy, phase, attempt, idempotencyKey } = command;
    const finishTry = parseIdempotencyKey(idempotencyKey)?.finishTry ?? 0;
    const event = hostUpdateEventOf({ phase, attempt, finishTry, outcome, reason });
    const step = advanceHostUpdate(update.state, event, {
      nowMs,
      strategy,
      attempt: update.attempt,
      finishTries: update.finishTries,
      abortRequested: update.abortRequested,
    });
    if (step.kind === 'illegal')
      this.logger.warn('result contradicts the record', { idempotencyKey, why: step.reason });
    return step;
  }

  /**
   * What a result would have asked of a host that has not begun to reboot is not asked once its rollout's abort is
   * stored: the host update is told of the abort instead, and undone.
   */
  private async heedAbort(
    unit: UnitOfWork,
    { update, strategy }: AnsweredCommand,
    step: HostUpdateStep,
    nowMs: number,
  ): Promise<HostUpdateStep> {
    if (!leadsToBlackout(step)) return step;
    const rollout = await passFence(unit, update.rolloutId);
    if (rollout !== 'aborting' && rollout !== 'aborted') return step;
    const { attempt, finishTries, abortRequested } = update;
    return advanceHostUpdate(
      update.state,
      { kind: 'abort-requested' },
      { nowMs, strategy, attempt, finishTries, abortRequested },
    );
  }

  /**
   * A host that was given up and is another rollout's by now is not taken back, nor is the update of one that has left
   * the fleet: its late result is only recorded.
   */
  private async yieldHost(
    unit: UnitOfWork,
    command: AnsweredCommand,
    step: HostUpdateStep,
  ): Promise<HostUpdateStep> {
    if (leftFleet(command.update.state)) return { kind: 'ignored' };
    if (!goesOn(command, step)) return step;
    const { idempotencyKey, host, update } = command;
    const holder = await rolloutHoldingHost(unit.client, host.id, update.id);
    if (holder === null) return step;
    this.logger.warn('late result does not count', { idempotencyKey, hostTakenBy: holder });
    return { kind: 'ignored' };
  }
}

/** Whether a step asks the host for preserve, or for freeze and what follows it. */
function leadsToBlackout(step: HostUpdateStep): boolean {
  return (
    step.kind === 'advanced' &&
    step.effects.some(
      (effect) =>
        effect.kind === 'issue-commands' &&
        effect.commands.some(({ phase }) => phase === 'preserve' || phase === 'freeze'),
    )
  );
}

/** Whether an update that had ended goes on. */
function goesOn({ update }: AnsweredCommand, step: HostUpdateStep): boolean {
  return step.kind === 'advanced' && isTerminal(update.state) && !isTerminal(step.state);
}

function leftFleet(state: HostUpdateState): boolean {
  return isTerminal(state) && 'reason' in state && state.reason?.code === 'HOST_DECOMMISSIONED';
}

/** Whether the attempt that a result is of is over once the result is stored. */
function isOver({ update, attempt }: AnsweredCommand, step: HostUpdateStep): boolean {
  const state = step.kind === 'advanced' ? step.state : update.state;
  return attempt < update.attempt || !isInFlight(state);
}

function whyUnusable(
  command: AnsweredCommand | null,
  hostId: string,
  outcome: CommandOutcome | null,
): string | null {
  if (command === null) return 'there is no such command';
  if (command.host.id !== hostId) return `the command is for host ${command.host.name}`;
  return outcome === null ? 'its outcome is not known' : null;
}

function changeable(command: AnsweredCommand, { runningVersion }: Said) {
  return { ...command.update, host: { ...command.host, runningVersion } };
}
