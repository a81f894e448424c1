import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { Database, ReleasesRepository } from '@luofleet/persistence';
import { Phase } from '@luofleet/proto';
import {
  createTestDatabase,
  createTestRedis,
  type TestDatabase,
  type TestRedis,
} from '@luofleet/testkit';
import { type RunningControlPlane, startControlPlane } from '../boot/start-control-plane';
import { controlPlaneSettings, type Role } from '../settings/control-plane.settings';
import { applyRollout, type RestPlane, rolloutIn } from '../testing/rollout.fixture';
import { ScriptedAgent, succeed, type Script } from '../testing/scripted-agent';
import { asking } from '../testing/control-plane.fixture';

/** Connections tell their database, so those of this file can be told from those of files that run beside it. */
const OWN_DATABASE = 7;

function inOwnDatabase(redis: TestRedis): TestRedis {
  const url = new URL(redis.url);
  url.pathname = `/${OWN_DATABASE}`;
  return { ...redis, url: url.href, empty: () => emptyDatabase(url.href) };
}

async function emptyDatabase(url: string): Promise<void> {
  const admin = new Redis(url);
  await admin.flushdb();
  admin.disconnect();
}

/** Cuts the subscribing connections of this file's control planes; returns how many. */
async function cutSubscribers(admin: Redis): Promise<number> {
  const clients = String(await admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n');
  const own = clients.filter((client) => client.includes(` db=${OWN_DATABASE} `));
  const ids = own.map((client) => /\bid=(\d+)/.exec(client)?.[1] ?? '');
  await Promise.all(ids.map(async (id) => admin.call('CLIENT', 'KILL', 'ID', id)));
  return ids.length;
}

describe('several replicas', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  const running: RunningControlPlane[] = [];
  const agents: ScriptedAgent[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    redis = inOwnDatabase(createTestRedis());
    const record = new Database({ url: database.url, connectionsMax: 2 });
    await new ReleasesRepository(record).create({
      ...{ name: 'runtime-1.1.0', kind: 'runtime', version: '1.1.0', imageUri: 'file:///image' },
      ...{ imageSha256: 'ab'.repeat(32), handlers: [], kernelCommandLine: '', initrdUri: '' },
      ...{ initrdSha256: '', luoAbi: '', labels: {} },
    });
    await record.close();
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.disconnect();
    await Promise.all(running.splice(0).map((each) => each.stop()));
  });
  afterAll(async () => {
    await redis.empty();
    await database.drop();
  });

  const start = async (role: Role): Promise<RunningControlPlane> => {
    const environment = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      REDIS_PREFIX: redis.prefix,
      ...{ HTTP_PORT: '0', GRPC_PORT: '0', LOG_LEVEL: 'silent', DATABASE_CONNECTIONS_MAX: '6' },
      ...{ SWEEP_INTERVAL_MS: '200', HEARTBEAT_INTERVAL_MS: '200' },
    };
    const settings = controlPlaneSettings(environment, role, randomUUID());
    const started = await startControlPlane(settings);
    running.push(started);
    return started;
  };
  const restOf = ({ httpPort }: RunningControlPlane): RestPlane => {
    const baseUrl = `http://127.0.0.1:${httpPort}`;
    return { baseUrl, ask: asking(baseUrl) };
  };
  const connect = async (name: string, to: RunningControlPlane, script: Script = succeed) => {
    const agent = new ScriptedAgent(name, script, { labels: { test: name.replace(/-\d+$/, '') } });
    agents.push(agent);
    return agent.connect(to.grpcPort);
  };
  const apply = (plane: RestPlane, name: string, strategy: object = {}) =>
    applyRollout(plane, { name, selector: `test=${name}`, strategy });

  it('route commands to the replica that holds the stream; the worker serves no one', async () => {
    const [first, second] = [await start('api'), await start('api')];
    const worker = await start('worker');
    expect([worker.httpPort, worker.grpcPort]).toEqual([0, 0]);
    const hosts = [await connect('routed-1', first), await connect('routed-2', second)];
    await apply(restOf(second), 'routed', { maxConcurrent: 1, waves: [1] });
    const rollout = await rolloutIn(restOf(first), 'routed', 'succeeded');
    expect(rollout.hosts.byState).toEqual({ succeeded: 2 });
    for (const host of hosts) expect(host.commands).toHaveLength(7);
  });

  it('move a host that connects elsewhere, and keep it online', async () => {
    const [first, second] = [await start('api'), await start('api')];
    const older = await connect('moves', first);
    await connect('moves', second);
    await older.until(() => older.ended);
    expect(older.goodbyes).toEqual(['SUPERSEDED']);
    const { body } = await restOf(first).ask<{ state: string }>('/api/v1/hosts/moves');
    expect(body.state).toBe('online');
  });

  it('rebuild what is due from Postgres when Redis is emptied in the middle of a rollout', async () => {
    const plane = await start('all');
    let emptied: Promise<void> | undefined;
    const empties: Script = (command) => {
      if (command.phase === Phase.PHASE_VERIFY) emptied = redis.empty();
      return succeed(command);
    };
    await Promise.all(
      ['emptied-1', 'emptied-2', 'emptied-3'].map((n) => connect(n, plane, empties)),
    );
    await apply(restOf(plane), 'emptied', { maxConcurrent: 1 });
    const rollout = await rolloutIn(restOf(plane), 'emptied', 'succeeded');
    await emptied;
    expect(rollout.hosts.byState).toEqual({ succeeded: 3 });
  });

  it('go on when connections to Redis are cut', async () => {
    const plane = await start('all');
    const admin = new Redis(redis.url);
    const cut: Promise<number>[] = [];
    const cuts: Script = (command) => {
      if (command.phase === Phase.PHASE_FINISH) cut.push(cutSubscribers(admin));
      return succeed(command);
    };
    await Promise.all(['severed-1', 'severed-2'].map((name) => connect(name, plane, cuts)));
    await apply(restOf(plane), 'severed', { maxConcurrent: 1 });
    await rolloutIn(restOf(plane), 'severed', 'succeeded');
    expect(Math.max(...(await Promise.all(cut)))).toBeGreaterThan(0);
    admin.disconnect();
  });

  it('take up a rollout whose control plane stopped in the middle', async () => {
    const first = await start('all');
    const stops: Script = (command) =>
      command.phase === Phase.PHASE_PRESERVE ? null : succeed(command);
    const agent = await connect('restarted', first, stops);
    await apply(restOf(first), 'restarted');
    await agent.until(() => agent.phases().includes('preserve'));
    await first.stop();
    const second = await start('all');
    agent.script = succeed;
    await agent.connect(second.grpcPort);
    await rolloutIn(restOf(second), 'restarted', 'succeeded');
    expect(new Set(agent.commands.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(7);
  });
});
