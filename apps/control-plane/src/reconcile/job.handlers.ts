import { Inject, Injectable } from '@nestjs/common';
import { HandlesJob, type JobHandler, type JobPayload, JobQueue } from '@luofleet/queue';
import { CommandDispatcher } from '../commands/command.dispatcher';
import { RolloutReconciler } from './rollout.reconciler';

/** Has a rollout planned, and a phase job for each host update that got commands. */
@HandlesJob('reconcile')
@Injectable()
export class ReconcileJobHandler implements JobHandler<'reconcile'> {
  constructor(
    @Inject(RolloutReconciler) private readonly reconciler: RolloutReconciler,
    @Inject(JobQueue) private readonly jobs: JobQueue,
  ) {}

  async run({ rolloutId }: JobPayload<'reconcile'>): Promise<void> {
    await this.jobs.add('phase', await this.reconciler.reconcile(rolloutId));
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
