import { Inject, Injectable } from '@nestjs/common';
import { HandlesJob, type JobHandler, type JobPayload, JobQueue } from '@luofleet/queue';
import { CommandDispatcher } from '../delivery/command.dispatcher';
import { FollowUps } from '../progress/follow-ups';
import { RolloutReconciler } from '../progress/rollout.reconciler';

/** A rollout that another process is at is looked at again after this time. */
const LOCKED_RETRY_MS = 100;

/**
 * Has a rollout planned, and a phase job for each host update that got commands.
 *
 * A run never waits for another run of the same rollout, but one more follows it, which sees what it may have missed:
 * at once when the other is in this process, after LOCKED_RETRY_MS when it is in another one.
 */
@HandlesJob('reconcile')
@Injectable()
export class ReconcileJobHandler implements JobHandler<'reconcile'> {
  private readonly running = new Set<string>();
  private readonly again = new Set<string>();

  constructor(
    @Inject(RolloutReconciler) private readonly reconciler: RolloutReconciler,
    @Inject(FollowUps) private readonly followUps: FollowUps,
    @Inject(JobQueue) private readonly jobs: JobQueue,
  ) {}

  async run({ rolloutId }: JobPayload<'reconcile'>): Promise<void> {
    if (this.running.has(rolloutId)) {
      this.again.add(rolloutId);
      return;
    }
    this.running.add(rolloutId);
    try {
      const issued = await this.reconciler.reconcile(rolloutId);
      if (issued !== 'locked') await this.followUps.deliverSoon(issued);
      else await this.jobs.add('reconcile', [{ rolloutId }], { delayMs: LOCKED_RETRY_MS });
    } finally {
      this.running.delete(rolloutId);
      if (this.again.delete(rolloutId)) await this.jobs.add('reconcile', [{ rolloutId }]);
    }
  }
}

/** Has the commands of a host update sent that are still due; commands that are not have been voided or answered. */
@HandlesJob('phase')
@Injectable()
export class PhaseJobHandler implements JobHandler<'phase'> {
  constructor(@Inject(CommandDispatcher) private readonly dispatcher: CommandDispatcher) {}

  async run({ hostId }: JobPayload<'phase'>): Promise<void> {
    await this.dispatcher.dispatch([hostId]);
  }
}
