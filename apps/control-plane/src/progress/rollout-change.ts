/**
 * DOC: one change of rollouts
 *
 * Purpose: the only code that turns what the machines decided into rows, commands and events, and that says what
 * follows the commit (`FollowUps` does it). Whoever decides, a planner, a host's result or an operator, collects its steps
 * here and stores them in one transaction, in a number of statements that does not depend on how many there are.
 *
 * Happy path: `hostUpdate`, `rollout` and `wave` for each step, several of one subject fold into one; `store`, once.
 *
 * Unhappy path: Postgres refuses one host update of many (`storeEach`): it is set aside, and in its place the host update
 * is told that it can not be stored, which undoes or fails it. Where not even its end can be stored, it is stuck: whoever
 * asked has to go on as if it had ended. The others are stored as they were decided.
 */
import type { Actor } from '@luofleet/contracts';
import {
  type BlackoutFacts,
  type EventDraft,
  type HostUpdateChange,
  insertCommands,
  type NewCommand,
  raiseGenerations,
  type Refused,
  setAside,
  type SetAsideItem,
  settleEndedAttempts,
  settleEndedAttemptsEach,
  storeEach,
  type StoredHostUpdate,
  type StoredRollout,
  type StoredWave,
  type UnitOfWork,
  type UnstorableError,
  voidQueuedCommands,
  writeHostUpdates,
  writeRolloutStates,
  writeWaveStates,
} from '@luofleet/persistence';
import {
  advanceHostUpdate,
  type CommandIntent,
  type HostUpdateAdvanced,
  type HostUpdateState,
  idempotencyKey,
  isInFlight,
  isTerminal,
  type Reason,
  type RolloutAdvanced,
  type RolloutState,
  type Strategy,
  type WaveState,
} from '@luofleet/rollout';
import { hostUpdateEvent, rolloutEvent, waveEvent } from './event-texts';

/** A host update as it was read, with what events and attempts need to know of its host. */
export type ChangeableHostUpdate = Pick<
  StoredHostUpdate,
  | 'id'
  | 'rolloutId'
  | 'state'
  | 'attempt'
  | 'finishTries'
  | 'generation'
  | 'abortRequested'
  | 'version'
> & {
  readonly host: Pick<StoredHostUpdate['host'], 'id' | 'name' | 'runningVersion'>;
};

/** A host update for which commands were stored, to be sent once the transaction has ended. */
export interface IssuedCommands {
  readonly hostUpdateId: string;
  readonly hostId: string;
  readonly phase: string;
}

type Draft = { -readonly [Key in keyof HostUpdateChange]: HostUpdateChange[Key] } & {
  readonly update: ChangeableHostUpdate;
  voids: boolean;
  intents: CommandIntent[];
  events: EventDraft[];
};

/** How what an ended attempt has left open is settled. */
type Settle = typeof settleEndedAttempts;

/** What is to be done once the transaction has ended. */
export interface Follow {
  /** Host updates that got commands. */
  readonly issued: readonly IssuedCommands[];
  /** Rollouts in which the planner has something new to decide. */
  readonly plan: readonly string[];
}

export const NOTHING_FOLLOWS: Follow = { issued: [], plan: [] };

/** What became of changes that were stored one by one where need be. */
export interface StoredEach extends Follow {
  /** Whether one of them was not stored as it was decided. */
  readonly refused: boolean;
  /** Host updates of which nothing can be stored, with the states they should have ended in. */
  readonly stuck: ReadonlyMap<string, HostUpdateState>;
}

type ChangeableRollout = Pick<StoredRollout, 'id' | 'version' | 'name'>;

export class RolloutChange {
  private readonly drafts = new Map<string, Draft>();
  private readonly rollouts = new Map<
    string,
    { rollout: ChangeableRollout; state: RolloutState }
  >();
  private readonly waves = new Map<string, { wave: StoredWave; state: WaveState }>();
  private readonly events: EventDraft[] = [];
  private readonly plan = new Set<string>();

  constructor(private readonly actor: Actor) {}

  hostUpdate(
    update: ChangeableHostUpdate,
    step: HostUpdateAdvanced,
    blackout?: BlackoutFacts | undefined,
  ): void {
    const draft = this.drafts.get(update.id) ?? draftOf(update, step.state);
    this.drafts.set(update.id, draft);
    draft.state = step.state;
    if (blackout) draft.blackout = blackout;
    for (const effect of step.effects) {
      switch (effect.kind) {
        case 'begin-attempt':
          draft.attempt = effect.attempt;
          draft.finishTries = 0;
          draft.abortRequested = false;
          draft.begins = { fromVersion: update.host.runningVersion };
          break;
        case 'record-finish-try':
          draft.finishTries = effect.finishTries;
          break;
        case 'record-abort-request':
          draft.abortRequested = true;
          break;
        case 'void-commands':
          draft.voids = true;
          break;
        case 'issue-commands':
          draft.intents.push(...effect.commands);
          break;
      }
    }
    const { attempt } = draft;
    draft.events.push(hostUpdateEvent({ ...update, attempt }, step.state, this.actor, blackout));
    // A planner's next plan at the same time has nothing to decide.
    if (this.actor !== 'planner' && frees(step.state)) this.plan.add(update.rolloutId);
  }

  rollout(rollout: ChangeableRollout, { state, effects }: RolloutAdvanced): void {
    this.rollouts.set(rollout.id, { rollout, state });
    this.tell(rolloutEvent(rollout, state, this.actor));
    for (const effect of effects) if (effect.kind === 'reconcile') this.plan.add(rollout.id);
  }

  wave(rollout: ChangeableRollout, wave: StoredWave, state: WaveState): void {
    this.waves.set(wave.id, { wave, state });
    this.tell(waveEvent(rollout, wave.index, state));
  }

  /** All or nothing, but what `settle` leaves open. */
  async store(
    unit: UnitOfWork,
    nowMs: number,
    settle: Settle = settleEndedAttempts,
  ): Promise<Follow> {
    const issued = await storeDrafts(unit, [...this.drafts.values()], nowMs, settle);
    await this.storeStates(unit, nowMs);
    return { issued, plan: [...this.plan] };
  }

  /** Each host update that can be stored; the others end as far as possible. Of a rollout: `strategyOf` its id. */
  async storeEach(
    unit: UnitOfWork,
    nowMs: number,
    strategyOf: (rolloutId: string) => Strategy | undefined,
  ): Promise<StoredEach> {
    const issued: IssuedCommands[] = [];
    const stuck = new Map<string, HostUpdateState>();
    const refused = await storeEach(unit, [...this.drafts.values()], async (drafts) => {
      // With one alone, what it leaves behind may be what is refused.
      const settle = drafts.length > 1 ? settleEndedAttempts : settleEndedAttemptsEach;
      issued.push(...(await storeDrafts(unit, drafts, nowMs, settle)));
    });
    for (const { item, why } of refused) {
      const strategy = strategyOf(item.update.rolloutId);
      if (strategy === undefined) continue;
      const end = await endUnstorable(unit, item.update, {
        ...{ reason: notStorable(why), strategy, nowMs, actor: this.actor },
      });
      issued.push(...end.issued);
      if (end.stuckIn) stuck.set(item.id, end.stuckIn);
    }
    await setAside(unit, refused.map(asideOf));
    await this.storeStates(unit, nowMs);
    return { issued, plan: [...this.plan], refused: refused.length > 0, stuck };
  }

  private tell(event: EventDraft | null): void {
    if (event !== null) this.events.push(event);
  }

  private async storeStates(unit: UnitOfWork, nowMs: number): Promise<void> {
    await writeRolloutStates(unit, [...this.rollouts.values()], nowMs);
    await writeWaveStates(unit, [...this.waves.values()], nowMs);
    unit.record(...this.events);
  }
}

/** Whether a slot, a wave or a budget may look different now. */
function frees(state: HostUpdateState): boolean {
  return isTerminal(state) || state.kind === 'pending';
}

/** Locks hosts before host updates, as everybody does. */
async function storeDrafts(
  unit: UnitOfWork,
  drafts: readonly Draft[],
  nowMs: number,
  settle: Settle,
): Promise<IssuedCommands[]> {
  const beginning = drafts.filter((draft) => draft.begins !== undefined);
  const generations = await raiseGenerations(
    unit,
    beginning.map(({ update }) => update.host.id),
  );
  for (const draft of beginning)
    draft.generation = generations.get(draft.update.host.id) ?? draft.generation;
  await writeHostUpdates(unit, drafts.map(changeOf), nowMs);
  await voidQueuedCommands(
    unit,
    drafts.filter(({ voids }) => voids).map(({ id }) => id),
  );
  await settle(unit, {
    hostUpdateIds: drafts.filter(({ state }) => !isInFlight(state)).map(({ id }) => id),
    hostIds: beginning.map(({ update }) => update.host.id),
  });
  await insertCommands(unit, drafts.flatMap(commandsOf));
  unit.record(...drafts.flatMap(({ events }) => events));
  return drafts
    .filter(({ intents }) => intents.length > 0)
    .map(({ id, update, intents }) => ({
      hostUpdateId: id,
      hostId: update.host.id,
      phase: intents[0]?.phase ?? '',
    }));
}

interface Unstorable {
  readonly reason: Reason;
  readonly strategy: Strategy;
  readonly nowMs: number;
  readonly actor: Actor;
}

interface UnstorableEnd extends Follow {
  /** Where it should have ended, when not even that can be stored. */
  readonly stuckIn?: HostUpdateState;
}

/** Undoes or fails a host update whose next step can not be stored, with as much as can be. An ended one stays as it is. */
export async function endUnstorable(
  unit: UnitOfWork,
  update: ChangeableHostUpdate,
  { reason, strategy, nowMs, actor }: Unstorable,
): Promise<UnstorableEnd> {
  let stuckIn: HostUpdateState | undefined;
  for (;;) {
    const event = { kind: 'unstorable', reason } as const;
    const step = advanceHostUpdate(stuckIn ?? update.state, event, { ...update, nowMs, strategy });
    if (step.kind !== 'advanced') return { ...NOTHING_FOLLOWS, ...(stuckIn && { stuckIn }) };
    stuckIn = step.state;
    const change = new RolloutChange(actor);
    change.hostUpdate(update, step);
    let follow = NOTHING_FOLLOWS;
    const why = await unit.attempt(async () => {
      follow = await change.store(unit, nowMs, settleEndedAttemptsEach);
    });
    if (why === null) return follow;
  }
}

/** Says which refusal it was, not in its words: they may hold what can not be stored. */
function notStorable({ sqlState }: UnstorableError): Reason {
  const detail = `Postgres refused to store its next step${sqlState && ` (SQLSTATE ${sqlState})`}; that step was set aside`;
  return { code: 'UPDATE_NOT_STORABLE', detail };
}

function asideOf({ item, why }: Refused<Draft>): SetAsideItem {
  const { update, state, intents } = item;
  return {
    kind: 'host-update',
    subject: `${update.id} ${update.attempt} ${state.kind}`,
    ...{ hostId: update.host.id, hostUpdateId: update.id, rolloutId: update.rolloutId, why },
    what: `the next step (${state.kind}) of host ${update.host.name}`,
    content: { from: update.state, to: state, commands: intents },
  };
}

function draftOf(update: ChangeableHostUpdate, state: HostUpdateState): Draft {
  const { id, version, attempt, finishTries, generation, abortRequested } = update;
  return {
    ...{ id, version, attempt, finishTries, generation, abortRequested, state, update },
    voids: false,
    intents: [],
    events: [],
  };
}

function changeOf(draft: Draft): HostUpdateChange {
  const { id, version, state, attempt, finishTries, generation, abortRequested } = draft;
  const { begins, blackout } = draft;
  return {
    ...{ id, version, state, attempt, finishTries, generation, abortRequested },
    ...{ begins, blackout },
  };
}

function commandsOf({ update, generation, intents }: Draft): NewCommand[] {
  return intents.map(({ phase, attempt, finishTry, afterPhase, timeoutMs, soakMs }) => ({
    idempotencyKey: idempotencyKey(update.id, phase, attempt, finishTry),
    hostUpdateId: update.id,
    hostId: update.host.id,
    phase,
    attempt,
    generation,
    afterKey: afterPhase === null ? '' : idempotencyKey(update.id, afterPhase, attempt),
    timeoutMs,
    soakMs,
  }));
}
