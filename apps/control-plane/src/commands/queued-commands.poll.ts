import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { RolloutProgress } from '../reconcile/rollout.progress';
import { runsJobs } from '../settings/control-plane.settings';
import { Runtime } from '../settings/runtime';

/**
 * Every SWEEP_INTERVAL_MS a replica that holds streams and runs no jobs looks in Postgres for unsent commands of its own
 * hosts: another replica's word that there are some goes through Redis and may be lost. Where jobs run, the sweep looks.
 */
@Injectable()
export class QueuedCommandsPoll implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    @Inject(RolloutProgress) private readonly progress: RolloutProgress,
    @Inject(Runtime) private readonly runtime: Runtime,
  ) {}

  onApplicationBootstrap(): void {
    if (!runsJobs(this.runtime.settings)) this.next();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private next(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.running = this.progress
        .sendQueued(this.runtime.settings.replicaId)
        .catch((error: unknown) =>
          this.runtime.logger.warn('look for commands failed', { err: error }),
        )
        .then(() => this.next());
    }, this.runtime.settings.sweepIntervalMs);
  }
}
