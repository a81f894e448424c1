import { Global, Module } from '@nestjs/common';
import { CommandDispatcher } from './command.dispatcher';
import { FleetWatch } from '../reconcile/fleet.watch';
import { RolloutProgress } from '../reconcile/rollout.progress';
import { RolloutReconciler } from '../reconcile/rollout.reconciler';
import { QueuedCommandsPoll } from './queued-commands.poll';
import { ResultRecorder } from './result.recorder';
import { StreamRegistry } from './stream.registry';

const SERVICES = [
  StreamRegistry,
  CommandDispatcher,
  FleetWatch,
  RolloutReconciler,
  RolloutProgress,
  ResultRecorder,
] as const;

@Global()
@Module({
  providers: [...SERVICES, QueuedCommandsPoll],
  exports: [...SERVICES],
})
export class CommandsModule {}
