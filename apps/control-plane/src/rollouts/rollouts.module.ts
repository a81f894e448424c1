import { Module } from '@nestjs/common';
import { RolloutActions } from './rollout-actions.service';
import { RolloutIntake } from './rollout-intake.service';

/** Applying rollouts and acting on them, for REST and gRPC alike. */
@Module({ providers: [RolloutIntake, RolloutActions], exports: [RolloutIntake, RolloutActions] })
export class RolloutsModule {}
