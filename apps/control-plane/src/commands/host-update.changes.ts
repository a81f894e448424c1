import {
  type BlackoutFacts,
  type EventDraft,
  type HostUpdateChange,
  insertCommands,
  type NewCommand,
  raiseGenerations,
  settleEndedAttempts,
  type UnitOfWork,
  voidQueuedCommands,
  writeHostUpdates,
} from '@luofleet/persistence';
import {
  type CommandIntent,
  type HostUpdateAdvanced,
  type HostUpdateState,
  idempotencyKey,
  isTerminal,
} from '@luofleet/rollout';

/** A host update as it was read, with what events and attempts need to know of its host. */
export interface ChangeableHostUpdate {
  readonly id: string;
  readonly rolloutId: string;
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

/**
 * Collects what the machine decided about host updates and stores all of it in one transaction, in a number of
 * statements that does not depend on how many there are. Several steps of one host update fold into one change.
 */
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

  /** Locks hosts before host updates, as everybody does. Returns what there is to send after the commit. */
  async store(unit: UnitOfWork, nowMs: number): Promise<IssuedCommands[]> {
    const drafts = [...this.drafts.values()];
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
    await settleEndedAttempts(unit, {
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
  const reason = 'reason' in state ? state.reason : undefined;
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
