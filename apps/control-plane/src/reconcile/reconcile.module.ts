import { Module } from '@nestjs/common';
import { WorkerModule } from '@luofleet/queue';
import { PhaseJobHandler, ReconcileJobHandler } from './job.handlers';
import { Sweeper } from './sweeper';

/** The worker role: plans rollouts, has commands sent, sweeps. */
@Module({
  imports: [WorkerModule],
  providers: [ReconcileJobHandler, PhaseJobHandler, Sweeper],
})
export class ReconcileModule {}
