import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Rounds, settledWithin } from '@luofleet/platform';
import { FollowUps } from '../progress/follow-ups';
import { runsJobs } from '../settings/control-plane.settings';
import { Runtime } from '../settings/runtime';
import { STOP_STEP_MS } from '../settings/stop-limits';

/**
 * Every SWEEP_INTERVAL_MS a replica that holds streams and runs no jobs looks in Postgres for unsent commands of its own
 * hosts: another replica's word that there are some goes through Redis and may be lost. Where jobs run, the sweep looks.
 */
@Injectable()
export class QueuedCommandsPoll implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly rounds: Rounds;

  constructor(
    @Inject(FollowUps) followUps: FollowUps,
    @Inject(Runtime) private readonly runtime: Runtime,
  ) {
    const { settings, logger } = runtime;
    this.rounds = new Rounds(settings.sweepIntervalMs, () =>
      followUps
        .sendQueued(settings.replicaId)
        .catch((error: unknown) => logger.warn('look for commands failed', { err: error })),
    );
  }

  onApplicationBootstrap(): void {
    if (!runsJobs(this.runtime.settings)) this.rounds.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return settledWithin(STOP_STEP_MS, [this.rounds.stop()]);
  }
}
