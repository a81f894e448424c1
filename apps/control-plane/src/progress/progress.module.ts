import { Global, Module } from '@nestjs/common';
import { FollowUps } from './follow-ups';
import { ResultRecorder } from './result.recorder';
import { RolloutReconciler } from './rollout.reconciler';

const SERVICES = [RolloutReconciler, FollowUps, ResultRecorder] as const;

/** How rollouts get on: plans, results, and what follows a change. */
@Global()
@Module({ providers: [...SERVICES], exports: [...SERVICES] })
export class ProgressModule {}
