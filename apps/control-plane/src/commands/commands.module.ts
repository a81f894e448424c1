import { Global, Module } from '@nestjs/common';
import { CommandDispatcher } from './command.dispatcher';
import { RolloutReconciler } from '../reconcile/rollout.reconciler';
import { ResultRecorder } from './result.recorder';
import { StreamRegistry } from './stream.registry';

@Global()
@Module({
  providers: [StreamRegistry, CommandDispatcher, RolloutReconciler, ResultRecorder],
  exports: [StreamRegistry, CommandDispatcher, RolloutReconciler, ResultRecorder],
})
export class CommandsModule {}
