import { Global, Module } from '@nestjs/common';
import { WorkerModule } from '@luofleet/queue';
import { PhaseJobHandler, ReconcileJobHandler } from './job.handlers';
import { Sweeper } from './sweeper';

/** The worker role: plans rollouts, has commands sent, sweeps. */
@Global()
@Module({
  imports: [WorkerModule],
  providers: [ReconcileJobHandler, PhaseJobHandler, Sweeper],
  exports: [Sweeper, WorkerModule],
})
export class JobsModule {}
