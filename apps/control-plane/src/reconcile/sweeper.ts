/**
 * DOC: the sweep
 *
 * Purpose: makes it safe to lose Redis, a message or a process. Every SWEEP_INTERVAL_MS a worker looks in Postgres for
 * rollouts in which something may be due (they run, or a deadline or a held finish may have come), for commands that
 * nobody was told about, and for hosts that have fallen silent, and has them looked at.
 *
 * Happy path: finds what is being done anyway; jobs that wait already are not added twice.
 *
 * Unhappy paths: Redis or Postgres is away: logged, and the next sweep tries again. A sweep takes longer than the
 * interval: the next one starts after it.
 */
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import {
  Database,
  hostsWithQueuedCommands,
  markSilentOffline,
  rolloutsToReconcile,
} from '@luofleet/persistence';
import { JobQueue } from '@luofleet/queue';
import { CommandDispatcher } from '../commands/command.dispatcher';
import { Runtime } from '../settings/runtime';
import { OutageWatch } from './outage.watch';

/** Hosts whose commands one sweep sends; those left over come next time. */
const HOSTS_MAX = 5000;

@Injectable()
export class Sweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(JobQueue) private readonly jobs: JobQueue,
    @Inject(CommandDispatcher) private readonly dispatcher: CommandDispatcher,
    @Inject(OutageWatch) private readonly outages: OutageWatch,
    @Inject(Runtime) private readonly runtime: Runtime,
  ) {}

  onApplicationBootstrap(): void {
    this.next();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** One sweep. */
  async sweep(): Promise<void> {
    await this.takeSilentOffline();
    const rollouts = await rolloutsToReconcile(this.database);
    // Not waited for: while Redis is away this hangs, and the commands below need no Redis for hosts that are here.
    this.jobs.wake(
      'reconcile',
      rollouts.map((rolloutId) => ({ rolloutId })),
    );
    await this.dispatcher.dispatch(await hostsWithQueuedCommands(this.database, HOSTS_MAX));
  }

  /** An outage keeps heartbeats from being written: no host is silent because of that. */
  private async takeSilentOffline(): Promise<void> {
    const { clock, settings } = this.runtime;
    const nowMs = clock.nowMs();
    if (nowMs < this.outages.silenceCountsFromMs()) return;
    await this.database.transaction('take silent hosts offline', 'hosts', (unit) =>
      markSilentOffline(unit, nowMs - settings.offlineAfterMs),
    );
  }

  private next(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.running = this.sweep()
        .catch((error: unknown) => this.runtime.logger.warn('sweep failed', { err: error }))
        .then(() => this.next());
    }, this.runtime.settings.sweepIntervalMs);
  }
}
