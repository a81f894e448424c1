/**
 * DOC: leaving hosts out of a rollout
 *
 * Purpose: skip, for hosts that have not started, and its undo.
 *
 * Happy path: the rollout is locked, the machine says what follows for each host, all of it is stored together, the
 * planner is woken. What is so already changes nothing. Unskip takes an ended rollout up again.
 * Unhappy paths: a host that is not in the rollout, one that has started, or a rollout that is aborted: nothing is
 * stored for any of them, and the answer says which and what is possible.
 */
import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  databaseNowMs,
  lockRollout,
  readHostUpdates,
  resolveId,
  type RolloutRecord,
  RolloutsReader,
  type StoredHostUpdate,
  type StoredRollout,
  type UnitOfWork,
} from '@luofleet/persistence';
import { LuofleetError } from '@luofleet/platform';
import { advanceHostUpdate, advanceRollout, type HostUpdateEvent } from '@luofleet/rollout';
import { FollowUps } from '../progress/follow-ups';
import { type Follow, RolloutChange } from '../progress/rollout-change';
import { contextOf } from './rollout-actions.service';

/** Hosts by id or name, in any letter case, and with `offline` all that have not started and are not connected. */
export interface SkipTargets {
  readonly hosts: readonly string[];
  readonly offline?: boolean;
}

type SkipEvent = Extract<HostUpdateEvent, { kind: 'skip-requested' | 'unskip-requested' }>;

@Injectable()
export class HostSkips {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(RolloutsReader) private readonly rollouts: RolloutsReader,
    @Inject(FollowUps) private readonly followUps: FollowUps,
  ) {}

  /** @throws LuofleetError NOT_FOUND, INVALID_TRANSITION, CONFLICT */
  skip(rollout: string, targets: SkipTargets, why: string): Promise<RolloutRecord> {
    return this.ask(rollout, targets, { kind: 'skip-requested', why });
  }

  /** @throws LuofleetError NOT_FOUND, INVALID_TRANSITION, CONFLICT */
  unskip(rollout: string, hosts: readonly string[]): Promise<RolloutRecord> {
    return this.ask(rollout, { hosts }, { kind: 'unskip-requested' });
  }

  private async ask(
    idOrName: string,
    targets: SkipTargets,
    event: SkipEvent,
  ): Promise<RolloutRecord> {
    const operation = event.kind === 'skip-requested' ? 'skip hosts' : 'unskip hosts';
    const subject = `rollout ${idOrName}`;
    const { rolloutId, follow } = await this.database.transaction(
      operation,
      subject,
      async (unit) => {
        const id = await resolveId(unit.client, 'rollout', idOrName);
        const rollout = await lockRollout(unit, id);
        if (rollout === null) throw new Error(`rollout ${id} vanished while it was read`);
        const updates = await readHostUpdates(unit.client, id, { lock: true });
        const asked = targetsOf(rollout, updates, targets);
        return { rolloutId: id, follow: await this.store(unit, rollout, updates, asked, event) };
      },
    );
    this.followUps.carryOutSoon(follow);
    return this.rollouts.get(rolloutId);
  }

  private async store(
    unit: UnitOfWork,
    rollout: StoredRollout,
    updates: readonly StoredHostUpdate[],
    asked: readonly StoredHostUpdate[],
    event: SkipEvent,
  ): Promise<Follow> {
    const nowMs = await databaseNowMs(unit.client);
    const { strategy } = rollout;
    const change = new RolloutChange('operator');
    const refused: string[] = [];
    let changed = false;
    for (const update of asked) {
      const step = advanceHostUpdate(update.state, event, { ...update, nowMs, strategy });
      if (step.kind === 'illegal')
        refused.push(`${update.host.name} is ${update.state.kind}: ${step.reason}`);
      if (step.kind !== 'advanced') continue;
      change.hostUpdate(update, step);
      changed = true;
    }
    if (refused.length > 0) throw notPossible(rollout, event, refused);
    if (changed && event.kind === 'unskip-requested') {
      const step = advanceRollout(rollout.state, event, contextOf(rollout, updates));
      if (step.kind === 'illegal') throw notPossible(rollout, event, [step.reason]);
      if (step.kind === 'advanced') change.rollout(rollout, step);
    }
    return change.storeEach(unit, nowMs, () => strategy);
  }
}

function targetsOf(
  rollout: StoredRollout,
  updates: readonly StoredHostUpdate[],
  { hosts, offline = false }: SkipTargets,
): StoredHostUpdate[] {
  const named = new Map(
    updates.flatMap((update) => [[update.host.name, update] as const, [update.host.id, update]]),
  );
  const updateOf = (host: string) => named.get(host.toLowerCase());
  const missing = hosts.filter((host) => !updateOf(host));
  if (missing.length > 0)
    throw new LuofleetError({
      code: 'NOT_FOUND',
      operation: 'find host update',
      subject: `rollout ${rollout.name}`,
      detail: `Rollout ${rollout.name} has no host ${some(missing)}; list its updates to see which it has.`,
    });
  const absent = updates.filter(
    ({ state, host }) => offline && state.kind === 'pending' && !host.online,
  );
  return [...new Set([...hosts.flatMap((host) => updateOf(host) ?? []), ...absent])];
}

function notPossible(
  rollout: StoredRollout,
  { kind }: SkipEvent,
  why: readonly string[],
): LuofleetError {
  const [verb, possible] =
    kind === 'skip-requested'
      ? ['skip', 'Hosts that have not started can be skipped; abort ends those that have.']
      : ['unskip', 'Hosts that were skipped can be unskipped; retry does failed ones again.'];
  return new LuofleetError({
    code: 'INVALID_TRANSITION',
    operation: `${verb} hosts`,
    subject: `rollout ${rollout.name}`,
    detail: `Nothing was changed, because ${some(why)}. ${possible}`,
  });
}

const SOME = 5;

function some(texts: readonly string[]): string {
  const more = texts.length - SOME;
  return `${texts.slice(0, SOME).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
