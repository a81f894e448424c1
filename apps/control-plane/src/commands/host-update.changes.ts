/**
 * DOC: changes of host updates
 *
 * Purpose: collects what the machine decided about host updates and stores all of it in one transaction, in a number of
 * statements that does not depend on how many there are.
 *
 * Happy path: `add` each step, several of one host update fold into one change; `store` all, once.
 *
 * Unhappy path: Postgres refuses one of many (`storeEach`): it is set aside, and in its place the host update is told that
 * it can not be stored, which undoes or fails it. Where not even its end can be stored, it is stuck: whoever asked has to
 * go on as if it had ended. The others are stored as they were decided.
 */
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
  type UnitOfWork,
  type UnstorableError,
  voidQueuedCommands,
  writeHostUpdates,
} from '@luofleet/persistence';
import {
  advanceHostUpdate,
  type CommandIntent,
  type HostUpdateAdvanced,
  type HostUpdateState,
  idempotencyKey,
  isTerminal,
  type Reason,
  type Strategy,
} from '@luofleet/rollout';

/** A host update as it was read, with what events and attempts need to know of its host. */
export interface ChangeableHostUpdate {
  readonly id: string;
  readonly rolloutId: string;
  readonly state: HostUpdateState;
  readonly attempt: number;
  readonly finishTries: number;
  readonly generation: bigint;
  readonly abortRequested: boolean;
  readonly version: number;
  readonly host: { readonly id: string; readonly name: string; readonly runningVersion: string };
}

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

/** What became of changes that were stored one by one where need be. */
export interface StoredEach {
  readonly issued: readonly IssuedCommands[];
  /** Whether one of them was not stored as it was decided. */
  readonly refused: boolean;
  /** Host updates of which nothing can be stored, with the states they should have ended in. */
  readonly stuck: ReadonlyMap<string, HostUpdateState>;
}

export class HostUpdateChanges {
  private readonly drafts = new Map<string, Draft>();

  add(
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
    draft.events.push(eventOf(update, draft.attempt, step.state, blackout));
  }

  /**
   * All or nothing, but what `settle` leaves open. Returns what there is to send after the commit.
   */
  store(
    unit: UnitOfWork,
    nowMs: number,
    settle: Settle = settleEndedAttempts,
  ): Promise<IssuedCommands[]> {
    return storeDrafts(unit, [...this.drafts.values()], nowMs, settle);
  }

  /** Each that can be stored; the others end as far as possible. Of a rollout: `strategyOf` its id. */
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
        ...{ reason: notStorable(why), strategy, nowMs },
      });
      issued.push(...end.issued);
      if (end.stuckIn) stuck.set(item.id, end.stuckIn);
    }
    await setAside(unit, refused.map(asideOf));
    return { issued, refused: refused.length > 0, stuck };
  }
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
    hostUpdateIds: drafts.filter(({ state }) => isTerminal(state)).map(({ id }) => id),
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
}

interface UnstorableEnd {
  readonly issued: readonly IssuedCommands[];
  /** Where it should have ended, when not even that can be stored. */
  readonly stuckIn?: HostUpdateState;
}

/** Undoes or fails a host update whose next step can not be stored, with as much as can be. An ended one stays as it is. */
export async function endUnstorable(
  unit: UnitOfWork,
  update: ChangeableHostUpdate,
  { reason, strategy, nowMs }: Unstorable,
): Promise<UnstorableEnd> {
  let stuckIn: HostUpdateState | undefined;
  for (;;) {
    const event = { kind: 'unstorable', reason } as const;
    const step = advanceHostUpdate(stuckIn ?? update.state, event, { ...update, nowMs, strategy });
    if (step.kind !== 'advanced') return { issued: [], ...(stuckIn && { stuckIn }) };
    stuckIn = step.state;
    const changes = new HostUpdateChanges();
    changes.add(update, step);
    let issued: IssuedCommands[] = [];
    const why = await unit.attempt(async () => {
      issued = await changes.store(unit, nowMs, settleEndedAttemptsEach);
    });
    if (why === null) return { issued };
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
    subject: `${update.id} ${update.attempt}`,
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

function eventOf(
  update: ChangeableHostUpdate,
  attempt: number,
  state: HostUpdateState,
  blackout: BlackoutFacts | undefined,
): EventDraft {
  const phase = 'phase' in state ? state.phase : '';
  // Once a turn has come, why it had not does not count any more.
  const hasTurn = state.kind === 'pending' && state.deadlineAtMs !== undefined;
  const reason = 'reason' in state && !hasTurn ? state.reason : undefined;
  return {
    kind: `host-update-${state.kind}`,
    rolloutId: update.rolloutId,
    hostId: update.host.id,
    hostUpdateId: update.id,
    reasonCode: reason?.code,
    message: `Host ${update.host.name}: ${sentenceOf(state)}${reason ? `: ${reason.detail}` : ''}.`,
    data: {
      hostName: update.host.name,
      state: state.kind,
      phase,
      attempt,
      ...(blackout?.blackoutMs !== undefined && { blackoutMs: blackout.blackoutMs }),
    },
  };
}

function sentenceOf(state: HostUpdateState): string {
  switch (state.kind) {
    case 'pending':
      return state.deadlineAtMs === undefined
        ? 'waits for its turn'
        : 'its turn has come, it is offline';
    case 'running':
      return `${state.phase} was asked for`;
    case 'rolling-back':
      return `${state.phase} is being undone`;
    case 'held':
      return 'finish was refused and will be asked again';
    case 'succeeded':
      return 'updated';
    case 'rolled-back':
      return `${state.phase} failed, the host is as it was before`;
    case 'failed':
      return `${state.phase} failed`;
    case 'lost':
      return `no answer in ${state.phase}`;
    case 'lost-state':
      return 'came back without its sessions';
    case 'cancelled':
      return 'not updated';
    case 'skipped':
      return 'left out';
  }
}
