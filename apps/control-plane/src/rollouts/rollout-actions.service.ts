/**
 * DOC: what operators may do with a rollout
 *
 * Purpose: pause, resume, abort and retry, as one event each for the rollout machine.
 *
 * Happy path: the rollout is locked, the machine says what follows, state and effects are stored together, the
 * reconciler is woken. Asking for what is so already changes nothing and is no error. An abort raises the rollout's
 * fence before it is stored, and is carried out here and at once, so that it needs no Redis.
 * Unhappy paths: the machine refuses -> INVALID_TRANSITION, which names the state and what it allows. The abort is
 * stored and carrying it out fails: the sweep does it.
 */
import { Inject, Injectable } from '@nestjs/common';
import { ROLLOUT_ACTIONS, type RolloutActionName } from '@luofleet/contracts';
import {
  Database,
  databaseNowMs,
  lockRollout,
  raiseFence,
  readHostUpdates,
  resolveId,
  type RolloutRecord,
  RolloutsReader,
  type StoredHostUpdate,
  type StoredRollout,
  type UnitOfWork,
} from '@luofleet/persistence';
import { LuofleetError } from '@luofleet/platform';
import {
  advanceHostUpdate,
  advanceRollout,
  isFailure,
  isMissed,
  isRetryable,
  type RolloutContext,
  type RolloutEvent,
} from '@luofleet/rollout';
import { FollowUps } from '../progress/follow-ups';
import { type Follow, NOTHING_FOLLOWS, RolloutChange } from '../progress/rollout-change';

const EVENTS: Record<RolloutActionName, RolloutEvent> = {
  pause: { kind: 'pause-requested' },
  resume: { kind: 'resume-requested' },
  abort: { kind: 'abort-requested' },
  retry: { kind: 'retry-requested' },
};

@Injectable()
export class RolloutActions {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(RolloutsReader) private readonly rollouts: RolloutsReader,
    @Inject(FollowUps) private readonly followUps: FollowUps,
  ) {}

  /** @throws LuofleetError NOT_FOUND, INVALID_TRANSITION, CONFLICT */
  async act(idOrName: string, action: RolloutActionName): Promise<RolloutRecord> {
    const operation = `${action} rollout`;
    const subject = `rollout ${idOrName}`;
    const { id, follow } = await this.database.transaction(operation, subject, async (unit) => {
      const rolloutId = await resolveId(unit.client, 'rollout', idOrName);
      if (action === 'abort') await raiseFence(unit, rolloutId);
      const rollout = await lockRollout(unit, rolloutId);
      if (rollout === null) throw new Error(`rollout ${rolloutId} vanished while it was read`);
      return { id: rolloutId, follow: await this.advance(unit, rollout, action) };
    });
    if (action === 'abort') await this.followUps.planNow(id, { wait: true });
    this.followUps.carryOutSoon(follow);
    return this.rollouts.get(id);
  }

  private async advance(
    unit: UnitOfWork,
    rollout: StoredRollout,
    action: RolloutActionName,
  ): Promise<Follow> {
    const updates = await readHostUpdates(unit.client, rollout.id);
    const context = contextOf(rollout, updates);
    const step = advanceRollout(rollout.state, EVENTS[action], context);
    if (step.kind === 'ignored') return NOTHING_FOLLOWS;
    if (step.kind === 'illegal') throw refused(rollout, action, step.reason, context);
    const nowMs = await databaseNowMs(unit.client);
    const { strategy } = rollout;
    const change = new RolloutChange('operator');
    change.rollout(rollout, step);
    if (step.effects.some(({ kind }) => kind === 'retry-host-updates'))
      for (const update of updates.filter(({ state }) => isRetryable(state))) {
        const retried = advanceHostUpdate(
          update.state,
          { kind: 'retry-requested' },
          { ...update, nowMs, strategy },
        );
        if (retried.kind === 'advanced') change.hostUpdate(update, retried);
      }
    return change.storeEach(unit, nowMs, () => strategy);
  }
}

export function contextOf(
  { strategy }: StoredRollout,
  updates: readonly StoredHostUpdate[],
): RolloutContext {
  return {
    failures: updates.filter(({ state }) => isFailure(state)).length,
    succeeded: updates.filter(({ state }) => state.kind === 'succeeded').length,
    missed: updates.filter(({ state }) => isMissed(state)).length,
    maxFailures: strategy.maxFailures,
  };
}

function refused(
  rollout: StoredRollout,
  action: RolloutActionName,
  reason: string,
  context: RolloutContext,
): LuofleetError {
  const allowed = ROLLOUT_ACTIONS.filter(
    (other) => advanceRollout(rollout.state, EVENTS[other], context).kind === 'advanced',
  );
  const possible = allowed.length === 0 ? 'nothing more can be done with it' : allowed.join(', ');
  return new LuofleetError({
    code: 'INVALID_TRANSITION',
    operation: `${action} rollout`,
    subject: `rollout ${rollout.name}`,
    detail: `Rollout ${rollout.name} is ${rollout.state.kind} and can not be asked to ${action}: ${reason}. Allowed now: ${possible}.`,
  });
}
