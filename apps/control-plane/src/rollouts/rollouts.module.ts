import { Module } from '@nestjs/common';
import { HostSkips } from './host-skips.service';
import { RolloutActions } from './rollout-actions.service';
import { RolloutIntake } from './rollout-intake.service';

/** Applying rollouts and acting on them, for REST and gRPC alike. */
@Module({
  providers: [RolloutIntake, RolloutActions, HostSkips],
  exports: [RolloutIntake, RolloutActions, HostSkips],
})
export class RolloutsModule {}
