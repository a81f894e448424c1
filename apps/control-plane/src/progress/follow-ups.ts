/**
 * DOC: what follows a commit
 *
 * Purpose: the only code after a change was stored: commands that it issued go out, rollouts in which it left something
 * to decide are planned.
 *
 * Happy path: commands are sent at once, planning is a job.
 * Unhappy path: Redis is away, and the job with it, or sending fails: the sweep finds both in Postgres. What must not wait for that (an
 * abort, a host that left) is planned here and now.
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

  /** Never rejects: the sweep does it again. */
  async carryOut({ issued, plan }: Follow): Promise<void> {
    this.planSoon(plan);
    try {
      await this.dispatcher.dispatch(issued.map(({ hostId }) => hostId));
    } catch (error) {
      this.logger.warn('commands not sent, the sweep will', { err: error });
    }
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

  /** Has a rollout planned and its commands sent by this process, without a job. Never rejects: the sweep does it again. */
  async planNow(rolloutId: string): Promise<void> {
    try {
      const issued = await this.reconciler.reconcile(rolloutId, { wait: true });
      if (issued !== 'locked') await this.carryOut({ issued, plan: [] });
    } catch (error) {
      this.logger.warn('rollout not advanced, the sweep will', { rolloutId, err: error });
    }
  }

  /** Has commands sent that nobody was told about, of all hosts or of those whose streams one replica holds. */
  async sendQueued(replicaId?: string): Promise<void> {
    await this.dispatcher.dispatch(
      await hostsWithQueuedCommands(this.database, HOSTS_MAX, replicaId),
    );
  }
}
