/**
 * DOC: taking a host out of the fleet
 *
 * Purpose: decommission, for a machine that is gone, and its undo.
 *
 * Happy path: in one transaction the host leaves, its updates that have not ended end (pending: cancelled, in flight:
 * lost), its commands, sessions and files are settled. Then its stream is closed, wherever it is, and its rollouts are planned.
 * Unhappy paths: it left before: nothing happens. Redis is away: the replica with its stream looks by itself, and the
 * rollouts are planned here. A rollout that is applied meanwhile counts the host in: its planner finds it gone.
 * Undo: the host is in the fleet again, offline until its agent connects. What has ended stays so; retry takes it up.
 */
import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  databaseNowMs,
  type DecommissionedHost,
  decommissionHost,
  lockOpenUpdatesOfHost,
  lockRollout,
  recommissionHost,
  resolveId,
  rolloutsWithOpenUpdates,
  settleEndedAttemptsEach,
  type StoredRollout,
  type UnitOfWork,
} from '@luofleet/persistence';
import { advanceHostUpdate } from '@luofleet/rollout';
import { CommandDispatcher } from '../delivery/command.dispatcher';
import { FollowUps } from '../progress/follow-ups';
import { RolloutChange } from '../progress/rollout-change';
import { Runtime } from '../settings/runtime';

@Injectable()
export class HostLifecycle {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(CommandDispatcher) private readonly dispatcher: CommandDispatcher,
    @Inject(FollowUps) private readonly followUps: FollowUps,
    @Inject(Runtime) private readonly runtime: Runtime,
  ) {}

  /**
   * Returns the host's id.
   * @throws LuofleetError NOT_FOUND, CONFLICT
   */
  async decommission(idOrName: string, why = ''): Promise<string> {
    const subject = `host ${idOrName}`;
    const { hostId, rolloutIds, left } = await this.database.transaction(
      'decommission host',
      subject,
      async (unit) => {
        const id = await resolveId(unit.client, 'host', idOrName);
        const rollouts = await lockRollouts(unit, await rolloutsWithOpenUpdates(unit.client, id));
        const host = await decommissionHost(unit, id, why);
        if (host !== null) await this.endUpdates(unit, id, rollouts);
        return { hostId: id, rolloutIds: [...rollouts.keys()], left: host };
      },
    );
    if (left !== null) await this.follow(left, rolloutIds);
    return hostId;
  }

  /**
   * Returns the host's id.
   * @throws LuofleetError NOT_FOUND, ALREADY_EXISTS
   */
  async recommission(idOrName: string): Promise<string> {
    const subject = `host ${idOrName}`;
    return this.database.transaction('recommission host', subject, async (unit) => {
      const hostId = await resolveId(unit.client, 'host', idOrName);
      await recommissionHost(unit, hostId);
      return hostId;
    });
  }

  private async endUpdates(
    unit: UnitOfWork,
    hostId: string,
    rollouts: ReadonlyMap<string, StoredRollout>,
  ): Promise<void> {
    const nowMs = await databaseNowMs(unit.client);
    const change = new RolloutChange('operator');
    for (const update of await lockOpenUpdatesOfHost(unit, hostId)) {
      // One that was added since the rollouts were locked is ended by its planner.
      const rollout = rollouts.get(update.rolloutId);
      if (rollout === undefined) continue;
      const context = { ...update, nowMs, strategy: rollout.strategy };
      const step = advanceHostUpdate(update.state, { kind: 'host-decommissioned' }, context);
      if (step.kind === 'advanced') change.hostUpdate(update, step);
    }
    await change.storeEach(unit, nowMs, (id) => rollouts.get(id)?.strategy);
    // Also what earlier updates that were lost are still asked.
    await settleEndedAttemptsEach(unit, { hostUpdateIds: [], hostIds: [hostId] });
  }

  /** What follows needs no Redis; should it fail, sweeps and watches do it. */
  private async follow({ replicaId }: DecommissionedHost, rolloutIds: string[]): Promise<void> {
    try {
      if (replicaId !== null) await this.dispatcher.letGo(replicaId);
      for (const id of rolloutIds) await this.followUps.planNow(id);
    } catch (error) {
      this.runtime.logger.warn('decommissioned, the rest follows later', { err: error });
    }
  }
}

async function lockRollouts(
  unit: UnitOfWork,
  ids: readonly string[],
): Promise<Map<string, StoredRollout>> {
  const locked = new Map<string, StoredRollout>();
  for (const id of ids) {
    const rollout = await lockRollout(unit, id);
    if (rollout !== null) locked.set(id, rollout);
  }
  return locked;
}
