import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Rounds, settledWithin } from '@luofleet/platform';
import { beat, Database, leaveWatch } from '@luofleet/persistence';
import { RedisBus } from '../redis/redis.bus';
import { servesApi } from '../settings/control-plane.settings';
import { Runtime } from '../settings/runtime';

const BEAT_MS = 500;

/** This replica's part in the watch over the fleet: says that it is here, and closes gaps (see fleet-watch.store). */
@Injectable()
export class FleetWatch
  implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown
{
  private readonly rounds = new Rounds(BEAT_MS, () =>
    this.beat().catch((error: unknown) => this.runtime.logger.warn('beat failed', { err: error })),
  );
  private redisThere: boolean;
  private readonly undo: () => void;
  private beatAt = performance.now();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(RedisBus) bus: RedisBus,
    @Inject(Runtime) private readonly runtime: Runtime,
  ) {
    this.redisThere = bus.isConnected;
    this.undo = bus.onConnection((connected) => (this.redisThere = connected));
  }

  onApplicationBootstrap(): void {
    this.rounds.start(0);
  }

  onModuleDestroy(): void {
    this.undo();
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { replicaId } = this.runtime.settings;
    // Not waited for when Postgres does not answer: the others will see the silence.
    const leaving = this.rounds
      .stop()
      .then(() => leaveWatch(this.database, replicaId))
      .catch((error: unknown) => this.runtime.logger.warn('watch not left', { err: error }));
    await settledWithin(2 * BEAT_MS, [leaving]);
  }

  /** How long ago the record last took a beat of this replica, on the monotonic clock. */
  sinceBeatMs(): number {
    return performance.now() - this.beatAt;
  }

  /** One beat. */
  async beat(): Promise<void> {
    const { settings, logger } = this.runtime;
    const hears = servesApi(settings);
    const gaps = await beat(this.database, {
      ...{ replicaId: settings.replicaId, role: settings.role, graceMs: settings.offlineAfterMs },
      ...{ hears, reaches: hears && this.redisThere },
    });
    this.beatAt = performance.now();
    if (gaps.heardMs + gaps.reachedMs + gaps.silentReplicas.length > 0)
      logger.info('nobody watched for a while; deadlines were moved', { ...gaps });
  }
}
