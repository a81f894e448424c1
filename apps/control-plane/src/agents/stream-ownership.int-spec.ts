// Two replicas and the question who holds a host's stream. Postgres knows; what a replica remembers may be stale.
import { Backend, Hello } from '@luofleet/proto';
import { registerHost } from '@luofleet/persistence';
import { TcpProxy } from '@luofleet/testkit';
import { CommandDispatcher } from '../delivery/command.dispatcher';
import { type HostStream, StreamRegistry } from '../delivery/stream.registry';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';

import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { introduction } from '../testing/fleet.fixture';
import { applyRollout, rolloutIn } from '../testing/rollout.fixture';
import { ScriptedAgent, succeed } from '../testing/scripted-agent';
import { HostRegistrar } from './host.registrar';
import type { Outbox } from './outbox';

describe('who holds a stream', () => {
  let first: ControlPlaneFixture;
  let second: ControlPlaneFixture;
  const agents: ScriptedAgent[] = [];

  const secondReplica = () => {
    const { redisPrefix } = first.running.app.get<ControlPlaneSettings>(SETTINGS);
    return createControlPlane({ DATABASE_URL: first.databaseUrl, REDIS_PREFIX: redisPrefix });
  };
  const agentAt = (name: string, port: number) => {
    const agent = new ScriptedAgent(name, succeed, { labels: { name } });
    agents.push(agent);
    return agent.connect(port);
  };
  const isOnline = async (name: string) =>
    (await first.ask<{ state: string }>(`/api/v1/hosts/${name}`)).body.state;

  beforeAll(async () => {
    first = await createControlPlane({ SWEEP_INTERVAL_MS: '100' }, 'all');
    second = await secondReplica();
    await first.fleet.release('runtime-1.1.0');
  });
  afterAll(async () => {
    for (const agent of agents) agent.disconnect();
    await second.stop();
    await first.stop();
  });

  it('sends commands over the stream that Postgres knows of, not over one that was left behind', async () => {
    const agent = await agentAt('moved', second.running.grpcPort);
    const lost: unknown[] = [];
    const leftBehind: HostStream = {
      hostId: agent.hostId,
      send: (message) => {
        lost.push(message);
        agent.look();
      },
      sayGoodbye: () => undefined,
    };
    first.running.app.get(StreamRegistry).hold(leftBehind);
    await applyRollout(first, { name: 'moved', selector: 'name=moved', strategy: {} });
    await agent.until(() => lost.length > 0 || agent.commands.length > 0);
    expect(lost).toEqual([]);
    await rolloutIn(first, 'moved', 'succeeded');
    first.running.app.get(StreamRegistry).release(leftBehind);
  });

  it('takes no commands for a stream that was left behind while it was welcomed', async () => {
    const { database } = first.fleet;
    const registrar = { replicaId: second.running.replicaId, offlineAfterMs: 10_000 };
    const { id: hostId } = await database.transaction('move a host', 'slow', (unit) =>
      registerHost(unit, { ...introduction('slow'), labels: { name: 'slow' } }, registrar),
    );
    await applyRollout(first, { name: 'slow', selector: 'name=slow', strategy: {} });
    const command = () =>
      database.read('look', 'commands', (client) =>
        client.command.findFirst({ where: { hostId } }),
      );
    while ((await command()) === null) await new Promise(setImmediate);
    const lost: unknown[] = [];
    const leftBehind: HostStream = {
      hostId,
      send: (message) => lost.push(message),
      sayGoodbye: () => undefined,
    };
    first.running.app.get(StreamRegistry).hold(leftBehind);
    await first.running.app.get(CommandDispatcher).resend(hostId);
    first.running.app.get(StreamRegistry).release(leftBehind);
    expect(lost).toEqual([]);
    expect((await command())?.state).toBe('queued');
  });

  it('keeps a stream that is newer than the word that it was superseded', async () => {
    const back = await agentAt('back', first.running.grpcPort);
    const gone = await agentAt('gone', first.running.grpcPort);
    await first.fleet.database.transaction('move a host', 'gone', (unit) =>
      registerHost(unit, introduction('gone'), {
        replicaId: second.running.replicaId,
        offlineAfterMs: 10_000,
      }),
    );
    const dispatcher = second.running.app.get(CommandDispatcher);
    dispatcher.supersede(first.running.replicaId, back.hostId);
    dispatcher.supersede(first.running.replicaId, gone.hostId);
    await gone.until(() => gone.ended);
    expect(gone.goodbyes).toEqual(['SUPERSEDED']);
    expect(back.goodbyes).toEqual([]);
  });

  it('leaves a host online whose old stream ends while its new one is welcomed', async () => {
    const registrar = first.running.app.get(HostRegistrar, { strict: false });
    const outbox = { send: () => undefined, end: () => undefined } as unknown as Outbox;
    const hello = Hello.create({ hostName: 'quick', backend: Backend.BACKEND_MEMORY });
    const older = await registrar.welcome(hello, outbox);
    if (!older) throw new Error('the host was not welcomed');
    const { database } = first.fleet;
    const both = await database.transaction('lock a host', 'quick', async (unit) => {
      await unit.client.$queryRaw`SELECT FROM hosts WHERE name = 'quick' FOR UPDATE`;
      const welcomed = registrar.welcome(hello, outbox);
      await database.read('see who waits', 'locks', async (client) => {
        const blocked = () => client.$queryRaw<{ waiting: bigint }[]>`
          SELECT count(*) AS waiting FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        for (let tries = 0; tries < 200 && (await blocked())[0]?.waiting === 0n; tries += 1);
      });
      return [welcomed, registrar.release(older)] as const;
    });
    await Promise.all(both);
    expect(await isOnline('quick')).toBe('online');
  });

  it('stops although an agent does not answer any more', async () => {
    const third = await secondReplica();
    const proxy = await TcpProxy.to(third.running.grpcPort);
    const agent = await agentAt('frozen', proxy.port);
    proxy.freeze();
    await third.stop();
    agent.disconnect();
    await proxy.close();
    expect(await isOnline('frozen')).toBe('offline');
  }, 30_000);
});
