// A host that is taken out of the fleet: what becomes of its rollouts, its commands and its stream, at any replica.
import type { HostResponse, Page, Problem, RolloutResponse } from '@luofleet/contracts';
import { Phase } from '@luofleet/proto';
import { until } from '@luofleet/testkit';
import { CommandDispatcher } from '../delivery/command.dispatcher';
import { RolloutReconciler } from '../progress/rollout.reconciler';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout, rolloutIn, updatesOf } from '../testing/rollout.fixture';
import { type Script, ScriptedAgent, succeed } from '../testing/scripted-agent';

describe('a decommissioned host', () => {
  let plane: ControlPlaneFixture;
  /** Hold streams only; the worker is the other one. */
  let second: ControlPlaneFixture;
  /** Looks for nothing by itself. */
  let unswept: ControlPlaneFixture;
  const agents: ScriptedAgent[] = [];

  beforeAll(async () => {
    plane = await createControlPlane({ SWEEP_INTERVAL_MS: '100' }, 'all');
    const { redisPrefix } = plane.running.app.get<ControlPlaneSettings>(SETTINGS);
    const sameFleet = { DATABASE_URL: plane.databaseUrl, REDIS_PREFIX: redisPrefix };
    second = await createControlPlane({ ...sameFleet, SWEEP_INTERVAL_MS: '100' });
    unswept = await createControlPlane({ ...sameFleet, SWEEP_INTERVAL_MS: '3600000' });
    await plane.fleet.release('runtime-1.1.0');
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(async () => {
    for (const agent of agents) agent.disconnect();
    await unswept.stop();
    await second.stop();
    await plane.stop();
  });

  const connect = (name: string, script: Script = succeed, at: ControlPlaneFixture = plane) => {
    const agent = new ScriptedAgent(name, script, { labels: { test: name.replace(/-\d+$/, '') } });
    agents.push(agent);
    return agent.connect(at.running.grpcPort);
  };
  const verb = (
    verb: 'decommission' | 'recommission',
    name: string,
    body?: object,
    at: ControlPlaneFixture = plane,
  ) => at.ask<HostResponse>(`/api/v1/hosts/${name}/${verb}`, { method: 'POST', body });
  const apply = (name: string, strategy: object = {}) =>
    applyRollout(plane, { name, selector: `test=${name}`, strategy });
  const openCommands = (hostId: string) =>
    plane.fleet.database.read('count commands', 'test', async (client) => {
      const [row] = await client.$queryRaw<{ n: bigint }[]>`
        SELECT count(*) AS n FROM commands
        WHERE host_id = ${hostId}::uuid AND state IN ('queued', 'sent', 'accepted')`;
      return Number(row?.n);
    });

  it('no longer keeps a rollout waiting, and is not listed unless asked for', async () => {
    const present = await connect('gone-1');
    const absent = await connect('gone-2');
    absent.disconnect();
    await absent.until(() => absent.ended);
    await until('gone-2 to be offline', async () => {
      const { body } = await plane.ask<HostResponse>('/api/v1/hosts/gone-2');
      return body.state === 'offline' || undefined;
    });
    await apply('gone', { waves: [1] });
    await present.until(() => present.phases().includes('verify'));
    const { status, body } = await verb('decommission', 'gone-2', { reason: 'burnt down' });
    expect([status, body.state]).toEqual([200, 'decommissioned']);
    const rollout = await rolloutIn(plane, 'gone', 'succeeded');
    expect(rollout.hosts.byState).toEqual({ succeeded: 1, cancelled: 1 });
    const updates = await updatesOf(plane, 'gone');
    expect(updates.find(({ hostName }) => hostName === 'gone-2')?.reason?.code).toBe(
      'HOST_DECOMMISSIONED',
    );
    const names = async (query: string) => {
      const path = `/api/v1/hosts?selector=test%3Dgone${query}`;
      return (await plane.ask<Page<HostResponse>>(path)).body.items.map(({ name }) => name);
    };
    expect(await names('')).toEqual(['gone-1']);
    expect(await names('&state=decommissioned')).toEqual(['gone-2']);
    const { items } = (
      await plane.ask<Page<{ kind: string; message: string }>>('/api/v1/events?host=gone-2')
    ).body;
    const told = items.find(({ kind }) => kind === 'host-decommissioned');
    expect(told?.message).toContain('burnt down');
  });

  it('ends in the middle of its update: lost, nothing is open, its stream is closed', async () => {
    const stuck: Script = (command) =>
      command.phase === Phase.PHASE_PRESERVE ? null : succeed(command);
    const agent = await connect('middle-1', stuck);
    await apply('middle');
    await agent.until(() => agent.phases().includes('preserve'));
    await verb('decommission', 'middle-1');
    await agent.until(() => agent.ended);
    expect(agent.goodbyes).toEqual(['DECOMMISSIONED']);
    const rollout = await rolloutIn(plane, 'middle', 'failed');
    expect(rollout.hosts.byState).toEqual({ lost: 1 });
    expect(await openCommands(agent.hostId)).toBe(0);
  });

  it('takes its update and commands along at once, whatever fails after that', async () => {
    const agent = await connect('alone-1', () => null);
    await apply('alone');
    await agent.until(() => agent.commands.length > 0);
    const reconciler = plane.running.app.get(RolloutReconciler);
    jest.spyOn(reconciler, 'reconcile').mockRejectedValue(new Error('Postgres is away'));
    expect((await verb('decommission', 'alone-1')).status).toBe(200);
    expect(await updatesOf(plane, 'alone')).toMatchObject([
      { state: 'lost', reason: { code: 'HOST_DECOMMISSIONED' } },
    ]);
    expect(await openCommands(agent.hostId)).toBe(0);
  });

  it('is not asked any more what it was asked although its update was lost', async () => {
    const agent = await connect('lost-1', () => null);
    await apply('lost', { phaseTimeouts: { preflight: '50ms', rollback: '50ms' } });
    await rolloutIn(plane, 'lost', 'failed');
    expect((await updatesOf(plane, 'lost'))[0]?.state).toBe('lost');
    expect(await openCommands(agent.hostId)).toBe(1);
    await verb('decommission', 'lost-1');
    expect(await openCommands(agent.hostId)).toBe(0);
  });

  it('ends the rollout of an operator who has paused it', async () => {
    await connect('paused-1', () => null);
    await apply('paused');
    await plane.ask('/api/v1/rollouts/paused/pause', { method: 'POST' });
    await verb('decommission', 'paused-1');
    const { body } = await plane.ask<RolloutResponse>('/api/v1/rollouts/paused');
    expect(body.state).toBe('failed');
  });

  it.each([
    ['at that replica', () => [unswept, unswept] as const],
    ['at another replica, which tells it', () => [plane, unswept] as const],
    ['at another replica, whose word is lost', () => [plane, second] as const],
  ])('is let go by the replica that holds its stream: asked %s', async (how, replicas) => {
    const [asked, holder] = replicas();
    const name = `elsewhere-${agents.length}`;
    const agent = await connect(name, succeed, holder);
    if (how.includes('lost'))
      jest.spyOn(asked.running.app.get(CommandDispatcher), 'letGo').mockResolvedValue();
    await verb('decommission', name, undefined, asked);
    await agent.until(() => agent.ended);
    expect(agent.goodbyes).toEqual(['DECOMMISSIONED']);
  });

  it('is let go also where nobody knows any more who holds its stream', async () => {
    const agent = await connect('silent-1', succeed, second);
    await plane.fleet.database.read(
      'fall silent and decommission',
      'test',
      (client) =>
        client.$executeRaw`
        UPDATE hosts SET online = false, replica_id = NULL, decommissioned_at = now(), version = version + 1
        WHERE name = 'silent-1'`,
    );
    await agent.until(() => agent.ended);
    expect(agent.goodbyes).toEqual(['DECOMMISSIONED']);
  });

  it('is turned away until it is recommissioned; each verb again changes nothing', async () => {
    const agent = await connect('back-1');
    const { hostId } = agent;
    expect((await verb('recommission', 'back-1')).body.state).toBe('online');
    const first = await verb('decommission', 'back-1');
    await agent.until(() => agent.ended);
    const again = await verb('decommission', 'back-1');
    expect(again.body.decommissionedAt).toBe(first.body.decommissionedAt);
    await agent.connect(plane.running.grpcPort);
    expect([agent.hostId, agent.goodbyes.length]).toEqual(['', 2]);
    expect((await verb('recommission', 'back-1')).body).toMatchObject({
      state: 'offline',
      decommissionedAt: null,
    });
    await agent.connect(plane.running.grpcPort);
    expect(agent.hostId).toBe(hostId);
    const { body } = await plane.ask<Page<{ kind: string }>>('/api/v1/events?host=back-1');
    const kinds = body.items.map(({ kind }) => kind).filter((kind) => kind.endsWith('missioned'));
    expect(kinds).toEqual(['host-decommissioned', 'host-recommissioned']);
  });

  it('is not taken back while another host has its name', async () => {
    const { hostId } = await connect('twin-1');
    await verb('decommission', 'twin-1');
    await plane.fleet.database.read('another machine', 'test', async (client) => {
      await client.$executeRaw`
        INSERT INTO hosts (id, name, backend) VALUES (gen_random_uuid(), 'twin-1', 'memory')`;
    });
    const { body } = await plane.ask<HostResponse>('/api/v1/hosts/twin-1');
    expect([body.state, body.id === hostId]).toEqual(['offline', false]);
    const refused = await plane.ask<Problem>(`/api/v1/hosts/${hostId}/recommission`, {
      method: 'POST',
    });
    expect([refused.status, refused.body.code]).toEqual([409, 'ALREADY_EXISTS']);
  });

  it.each([
    ['/api/v1/hosts/nobody/decommission', undefined, 404],
    ['/api/v1/hosts/nobody/recommission', undefined, 404],
    ['/api/v1/hosts/gone-1/decommission', { because: 'x' }, 400],
    ['/api/v1/hosts/gone-1/decommission', { reason: 7 }, 400],
    ['/api/v1/hosts/gone-1/decommission?force=1', undefined, 400],
  ])('%s with %j is answered %d', async (path, body, status) => {
    expect((await plane.ask(path, { method: 'POST', body })).status).toBe(status);
  });
});
