/**
 * DOC: outages
 *
 * Purpose: a control plane that could not see its hosts must not hold their silence against them.
 *
 * Happy path: Postgres and Redis answer; hosts are judged by their deadlines and heartbeats as they come.
 *
 * Unhappy paths: this process has just started, or Postgres or Redis was away: results could not be recorded, commands
 * not sent, heartbeats not written, however long that took. From the moment both answer, hosts get OFFLINE_AFTER_MS to
 * connect and to say what they have to. While one is away nobody is judged.
 *
 * Ordering: whoever judges asks after it has read, so that an outage which that read ends is counted already.
 */
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Database } from '@luofleet/persistence';
import { RedisBus } from '../redis/redis.bus';
import { Runtime } from '../settings/runtime';

type Service = 'postgres' | 'redis';

@Injectable()
export class OutageWatch implements OnModuleDestroy {
  private readonly away = new Set<Service>();
  private readonly backAtMs: Record<Service, number>;
  private readonly undo: readonly (() => void)[];

  constructor(
    @Inject(Database) database: Database,
    @Inject(RedisBus) bus: RedisBus,
    @Inject(Runtime) private readonly runtime: Runtime,
  ) {
    const startedAtMs = runtime.clock.nowMs();
    this.backAtMs = { postgres: startedAtMs, redis: startedAtMs };
    this.undo = [
      database.onAvailability((available) => this.notice('postgres', available)),
      bus.onConnection((connected) => this.notice('redis', connected)),
    ];
  }

  onModuleDestroy(): void {
    for (const undo of this.undo) undo();
  }

  /** No deadline counts as passed before this time: results need Postgres, commands and jobs need Redis. */
  deadlinesCountFromMs(): number {
    return Math.max(this.graceEndsMs('postgres'), this.graceEndsMs('redis'));
  }

  /** No host counts as silent before this time: heartbeats need Postgres. */
  silenceCountsFromMs(): number {
    return this.graceEndsMs('postgres');
  }

  private graceEndsMs(service: Service): number {
    const { clock, settings } = this.runtime;
    const sinceMs = this.away.has(service) ? clock.nowMs() : this.backAtMs[service];
    return sinceMs + settings.offlineAfterMs;
  }

  private notice(service: Service, answers: boolean): void {
    if (!answers) {
      this.away.add(service);
      return;
    }
    const { clock, logger, settings } = this.runtime;
    this.backAtMs[service] = clock.nowMs();
    const graceMs = settings.offlineAfterMs;
    if (this.away.delete(service))
      logger.info('back after an outage, hosts get time to report', { service, graceMs });
  }
}
