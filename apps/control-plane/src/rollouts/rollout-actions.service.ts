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
  setAside,
  settleEndedAttemptsEach,
  storeEach,
  type StoredHostUpdate,
  type StoredRollout,
  type UnitOfWork,
  writeHostUpdates,
  writeRolloutState,
} from '@luofleet/persistence';
import { LuofleetError } from '@luofleet/platform';
import { JobQueue } from '@luofleet/queue';
import {
  advanceHostUpdate,
  advanceRollout,
  isFailure,
  isMissed,
  isRetryable,
  type RolloutContext,
  type RolloutEvent,
} from '@luofleet/rollout';
import { RolloutProgress } from '../reconcile/rollout.progress';

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
    @Inject(JobQueue) private readonly jobs: JobQueue,
    @Inject(RolloutProgress) private readonly progress: RolloutProgress,
  ) {}

  /** @throws LuofleetError NOT_FOUND, INVALID_TRANSITION, CONFLICT */
  async act(idOrName: string, action: RolloutActionName): Promise<RolloutRecord> {
    const operation = `${action} rollout`;
    const subject = `rollout ${idOrName}`;
    const id = await this.database.transaction(operation, subject, async (unit) => {
      const rolloutId = await resolveId(unit.client, 'rollout', idOrName);
      if (action === 'abort') await raiseFence(unit, rolloutId);
      const rollout = await lockRollout(unit, rolloutId);
      if (rollout === null) throw new Error(`rollout ${rolloutId} vanished while it was read`);
      await this.advance(unit, rollout, action);
      return rolloutId;
    });
    if (action === 'abort') await this.progress.advance(id);
    this.jobs.wake('reconcile', [{ rolloutId: id }]);
    return this.rollouts.get(id);
  }

  private async advance(
    unit: UnitOfWork,
    rollout: StoredRollout,
    action: RolloutActionName,
  ): Promise<void> {
    const updates = await readHostUpdates(unit.client, rollout.id);
    const context = contextOf(rollout, updates);
    const step = advanceRollout(rollout.state, EVENTS[action], context);
    if (step.kind === 'ignored') return;
    if (step.kind === 'illegal') throw refused(rollout, action, step.reason, context);
    const nowMs = await databaseNowMs(unit.client);
    await writeRolloutState(unit, rollout, step.state, nowMs);
    unit.record({
      kind: `rollout-${action}-requested`,
      rolloutId: rollout.id,
      message: `An operator asked to ${action} rollout ${rollout.name}; it was ${rollout.state.kind} and is ${step.state.kind}.`,
      data: { from: rollout.state.kind, to: step.state.kind },
    });
    if (step.effects.some(({ kind }) => kind === 'retry-host-updates'))
      await retryHostUpdates(unit, rollout, updates, nowMs);
  }
}

async function retryHostUpdates(
  unit: UnitOfWork,
  rollout: StoredRollout,
  updates: readonly StoredHostUpdate[],
  nowMs: number,
): Promise<void> {
  const { strategy } = rollout;
  const retried = updates
    .filter(({ state }) => isRetryable(state))
    .flatMap((update) => {
      const step = advanceHostUpdate(
        update.state,
        { kind: 'retry-requested' },
        { ...update, nowMs, strategy },
      );
      return step.kind === 'advanced' ? [{ update, step }] : [];
    });
  const refused = await storeEach(unit, retried, async (part) => {
    await writeHostUpdates(
      unit,
      part.map(({ update, step }) => ({ ...update, state: step.state })),
      nowMs,
    );
    await settleEndedAttemptsEach(unit, { hostUpdateIds: part.map(({ update }) => update.id) });
    for (const { update, step } of part)
      unit.record({
        kind: 'host-update-advanced',
        rolloutId: rollout.id,
        hostId: update.host.id,
        hostUpdateId: update.id,
        reasonCode: 'RETRY_REQUESTED',
        message: `Host ${update.host.name}: ${update.state.kind} to ${step.state.kind}, because an operator asked for another attempt.`,
        data: { from: update.state.kind, to: step.state.kind },
      });
  });
  // One that can not be written stays ended as it is, and everybody can read why.
  await setAside(
    unit,
    refused.map(({ item: { update, step }, why }) => ({
      kind: 'host-update',
      subject: `${update.id} retry`,
      ...{ hostId: update.host.id, hostUpdateId: update.id, rolloutId: rollout.id, why },
      what: `that host ${update.host.name} is to be tried again`,
      content: { from: update.state, to: step.state },
    })),
  );
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
