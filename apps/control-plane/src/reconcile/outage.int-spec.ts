// Postgres and Redis go away for longer than a phase may take, and come back.
import { randomUUID } from 'node:crypto';
import { Database } from '@luofleet/persistence';
import { silentLogger } from '@luofleet/platform';
import { createTestRedis } from '@luofleet/testkit';
import { RedisBus } from '../redis/redis.bus';
import { controlPlaneSettings } from '../settings/control-plane.settings';
import { Runtime } from '../settings/runtime';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout, updatesOf } from '../testing/rollout.fixture';
import { TcpProxy } from '../testing/tcp-proxy';
import { OutageWatch } from './outage.watch';
import { RolloutReconciler } from './rollout.reconciler';

const OFFLINE_AFTER_MS = 10_000;
const PREFLIGHT_MS = 30_000;

describe('after an outage', () => {
  const redisUrl = createTestRedis().url;
  let plane: ControlPlaneFixture;
  let postgres: TcpProxy;
  let redis: TcpProxy;
  let database: Database;
  let bus: RedisBus;
  let watch: OutageWatch;
  let reconciler: RolloutReconciler;
  let nowMs: number;

  beforeAll(async () => {
    plane = await createControlPlane();
    await plane.fleet.release('runtime-1.1.0');
  });
  beforeEach(async () => {
    postgres = await TcpProxy.to(plane.databaseUrl);
    redis = await TcpProxy.to(redisUrl);
    const settings = controlPlaneSettings(
      {
        DATABASE_URL: postgres.inFrontOf(plane.databaseUrl),
        REDIS_URL: redis.inFrontOf(redisUrl),
        OFFLINE_AFTER_MS: String(OFFLINE_AFTER_MS),
      },
      'worker',
      randomUUID(),
    );
    const clock = { nowMs: () => nowMs };
    nowMs = 1_800_000_000_000;
    database = new Database({ url: settings.databaseUrl, connectionsMax: 2 });
    bus = new RedisBus(settings, silentLogger);
    watch = new OutageWatch(database, bus, new Runtime(settings, clock, silentLogger));
    reconciler = new RolloutReconciler(database, clock, watch);
    await connection(true);
    nowMs += OFFLINE_AFTER_MS;
  });
  afterEach(async () => {
    watch.onModuleDestroy();
    bus.onApplicationShutdown();
    await database.close();
    await postgres.close();
    await redis.close();
  });
  afterAll(() => plane.stop());

  /** Resolves when the connection to Redis next turns into this. */
  const connection = (wanted: boolean) =>
    new Promise<void>((resolve) => {
      const undo = bus.onConnection((connected) => {
        if (connected !== wanted) return;
        undo();
        resolve();
      });
    });

  /** A rollout whose only host was asked for preflight and has not answered. */
  async function started(name: string): Promise<string> {
    await plane.fleet.hosts([name], () => ({ test: name }));
    const { id } = await applyRollout(plane, {
      name,
      selector: `test=${name}`,
      strategy: { phaseTimeouts: { preflight: `${PREFLIGHT_MS}ms` } },
    });
    expect(await reconciler.reconcile(id)).toHaveLength(1);
    return id;
  }
  const stateOf = async (name: string) => (await updatesOf(plane, name))[0]?.state;
  const expectGrace = async (name: string, id: string) => {
    await reconciler.reconcile(id);
    expect(await stateOf(name)).toBe('running');
    nowMs += OFFLINE_AFTER_MS - 1;
    await reconciler.reconcile(id);
    expect(await stateOf(name)).toBe('running');
    nowMs += 1;
    await reconciler.reconcile(id);
    expect(await stateOf(name)).toBe('rolling-back');
  };

  it('of Postgres the first reconcile calls no deadline over, a later one does', async () => {
    const id = await started('postgres-away');
    const restore = await postgres.cut();
    await expect(reconciler.reconcile(id)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    nowMs += 10 * PREFLIGHT_MS;
    await restore();
    await expectGrace('postgres-away', id);
  });

  it('of Redis neither', async () => {
    const id = await started('redis-away');
    const away = connection(false);
    const restore = await redis.cut();
    await away;
    nowMs += 10 * PREFLIGHT_MS;
    await reconciler.reconcile(id);
    expect(await stateOf('redis-away')).toBe('running');
    const back = connection(true);
    await restore();
    await back;
    await expectGrace('redis-away', id);
  });

  it('of Postgres alone nobody counts as silent for a while', async () => {
    const restore = await redis.cut();
    const restorePostgres = await postgres.cut();
    await expect(database.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    nowMs += 60_000;
    expect(watch.silenceCountsFromMs()).toBe(nowMs + OFFLINE_AFTER_MS);
    await restorePostgres();
    await database.ping();
    const backAtMs = nowMs;
    nowMs += 60_000;
    expect(watch.silenceCountsFromMs()).toBe(backAtMs + OFFLINE_AFTER_MS);
    await restore();
  });
});
