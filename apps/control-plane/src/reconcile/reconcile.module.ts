import { Module } from '@nestjs/common';
import { WorkerModule } from '@luofleet/queue';
import { PhaseJobHandler, ReconcileJobHandler } from './job.handlers';
import { RolloutReconciler } from './rollout.reconciler';
import { Sweeper } from './sweeper';

/** The worker role: plans rollouts, has commands sent, sweeps. */
@Module({
  imports: [WorkerModule],
  providers: [RolloutReconciler, ReconcileJobHandler, PhaseJobHandler, Sweeper],
})
export class ReconcileModule {}
