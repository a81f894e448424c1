import { Global, Module } from '@nestjs/common';
import { CommandDispatcher } from './command.dispatcher';
import { FleetWatch } from '../reconcile/fleet.watch';
import { FollowUps } from '../progress/follow-ups';
import { RolloutReconciler } from '../reconcile/rollout.reconciler';
import { QueuedCommandsPoll } from './queued-commands.poll';
import { ResultRecorder } from './result.recorder';
import { StreamRegistry } from './stream.registry';

const SERVICES = [
  StreamRegistry,
  CommandDispatcher,
  FleetWatch,
  RolloutReconciler,
  FollowUps,
  ResultRecorder,
] as const;

@Global()
@Module({
  providers: [...SERVICES, QueuedCommandsPoll],
  exports: [...SERVICES],
})
export class CommandsModule {}
