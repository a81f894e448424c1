/**
 * DOC: what follows a commit
 *
 * Purpose: the only code after a change was stored: commands that it issued go out, rollouts in which it left something
 * to decide are planned.
 *
 * Happy path: commands are sent at once, planning is a job.
 * Unhappy paths: Redis is away, and the job with it: the sweep finds what is queued and what runs in Postgres. What must not
 * wait for that (an abort, a host that left), or what no sweep looks at (a paused rollout), is planned here and now. Commands
 * were taken and may not have been written: whoever holds the stream ends it, and the next hello has them sent again.
 */
import { Inject, Injectable } from '@nestjs/common';
import { Database, hostsWithQueuedCommands } from '@luofleet/persistence';
import type { Logger } from '@luofleet/platform';
import { JobQueue } from '@luofleet/queue';
import { CommandDispatcher } from '../delivery/command.dispatcher';
import { RolloutReconciler } from './rollout.reconciler';
import { LOGGER } from '../settings/platform.tokens';
import type { Follow, IssuedCommands } from './rollout-change';

/** Hosts whose commands one look sends; those left over come next time. */
const HOSTS_MAX = 5000;

@Injectable()
export class FollowUps {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(RolloutReconciler) private readonly reconciler: RolloutReconciler,
    @Inject(CommandDispatcher) private readonly dispatcher: CommandDispatcher,
    @Inject(JobQueue) private readonly jobs: JobQueue,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** After a host's result. Rejects when the commands may not have been sent. */
  async carryOut({ issued, plan }: Follow): Promise<void> {
    this.planSoon(plan);
    await this.dispatcher.dispatch(issued.map(({ hostId }) => hostId));
  }

  /** After an operator's request, by jobs; the request does not wait for them. */
  carryOutSoon({ issued, plan }: Follow): void {
    this.jobs.wake('phase', issued);
    const payloads = plan.map((rolloutId) => ({ rolloutId }));
    this.jobs.add('reconcile', payloads).catch(async (error: unknown) => {
      this.logger.warn('no jobs while Redis is away, planning here', { err: error });
      for (const rolloutId of plan) await this.planNow(rolloutId);
    });
  }

  /** Has rollouts planned by a job. */
  planSoon(rolloutIds: readonly string[]): void {
    this.jobs.wake(
      'reconcile',
      rolloutIds.map((rolloutId) => ({ rolloutId })),
    );
  }

  /** Has a phase job for each of these. Rejects when the queue does not take them. */
  async deliverSoon(issued: readonly IssuedCommands[]): Promise<void> {
    await this.jobs.add('phase', issued);
  }

  /**
   * Has a rollout planned and its commands sent by this process; by a job where that fails, or somebody else is at it and
   * is not waited for. Never rejects.
   */
  async planNow(rolloutId: string, { wait = false } = {}): Promise<void> {
    try {
      const issued = await this.reconciler.reconcile(rolloutId, { wait });
      if (issued === 'locked') this.planSoon([rolloutId]);
      else await this.carryOut({ issued, plan: [] });
    } catch (error) {
      this.logger.warn('rollout not advanced, a job will', { rolloutId, err: error });
      this.planSoon([rolloutId]);
    }
  }

  /** Has commands sent that nobody was told about, of all hosts or of those whose streams one replica holds. */
  async sendQueued(replicaId?: string): Promise<void> {
    await this.dispatcher.dispatch(
      await hostsWithQueuedCommands(this.database, HOSTS_MAX, replicaId),
    );
  }
}
