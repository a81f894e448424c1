import { Global, Module } from '@nestjs/common';
import { CommandDispatcher } from './command.dispatcher';
import { OutageWatch } from '../reconcile/outage.watch';
import { RolloutReconciler } from '../reconcile/rollout.reconciler';
import { ResultRecorder } from './result.recorder';
import { StreamRegistry } from './stream.registry';

@Global()
@Module({
  providers: [StreamRegistry, CommandDispatcher, OutageWatch, RolloutReconciler, ResultRecorder],
  exports: [StreamRegistry, CommandDispatcher, OutageWatch, RolloutReconciler, ResultRecorder],
})
export class CommandsModule {}
