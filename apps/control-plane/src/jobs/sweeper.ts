/**
 * DOC: the sweep
 *
 * Purpose: makes it safe to lose Redis, a message or a process. Every SWEEP_INTERVAL_MS a worker looks in Postgres for
 * rollouts in which something may be due (they run, or a deadline or a held finish may have come), for commands that
 * nobody was told about, and for hosts that have fallen silent, and has them looked at.
 *
 * Happy path: finds what is being done anyway; jobs that wait already are not added twice.
 *
 * Unhappy paths: a step fails (Postgres is away): logged, the others are done, and the next sweep tries again. Redis is away: rollouts are planned by the
 * sweep itself, one after the other. A sweep takes longer than the interval: the next one starts after it.
 */
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Rounds, settledWithin } from '@luofleet/platform';
import { Database, markSilentOffline, rolloutsToReconcile } from '@luofleet/persistence';
import { JobQueue } from '@luofleet/queue';
import { Runtime } from '../settings/runtime';
import { STOP_STEP_MS } from '../settings/stop-limits';
import { FollowUps } from '../progress/follow-ups';

@Injectable()
export class Sweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly rounds: Rounds;
  private stopped = false;
  private sweptAt = performance.now();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(JobQueue) private readonly jobs: JobQueue,
    @Inject(FollowUps) private readonly followUps: FollowUps,
    @Inject(Runtime) private readonly runtime: Runtime,
  ) {
    this.rounds = new Rounds(runtime.settings.sweepIntervalMs, () => this.sweep());
  }

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    return settledWithin(STOP_STEP_MS, [this.rounds.stop()]);
  }

  /** How long ago a sweep last went well, on the monotonic clock. */
  sinceSweepMs(): number {
    return performance.now() - this.sweptAt;
  }

  /** One sweep. Never rejects: what fails in one step holds up no other. */
  async sweep(): Promise<void> {
    const steps = {
      'take silent hosts offline': () => this.takeSilentOffline(),
      'send commands': () => this.followUps.sendQueued(),
      'plan rollouts': async () => this.plan(await rolloutsToReconcile(this.database)),
    };
    let wentWell = true;
    for (const [step, work] of Object.entries(steps)) {
      if (this.stopped) return;
      try {
        await work();
      } catch (error) {
        wentWell = false;
        this.runtime.logger.warn('step of the sweep failed', { step, err: error });
      }
    }
    if (wentWell) this.sweptAt = performance.now();
  }

  /** The queue answers, or says that it does not, in bounded time. */
  private async plan(rolloutIds: readonly string[]): Promise<void> {
    try {
      await this.jobs.add(
        'reconcile',
        rolloutIds.map((rolloutId) => ({ rolloutId })),
      );
    } catch (error) {
      this.runtime.logger.warn('no jobs while Redis is away, planning here', { err: error });
      for (const rolloutId of rolloutIds) await this.followUps.planNow(rolloutId, { wait: true });
    }
  }

  /** An outage keeps heartbeats from being written: no host is silent because of that. */
  private async takeSilentOffline(): Promise<void> {
    await this.database.transaction('take silent hosts offline', 'hosts', (unit) =>
      markSilentOffline(unit, this.runtime.settings.offlineAfterMs),
    );
  }
}
