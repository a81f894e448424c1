// Machines that share a name, processes that share an identity, hosts that are renamed or replaced.
import type { EventResponse, HostResponse } from '@luofleet/contracts';
import { Backend, type Command, Hello, Phase } from '@luofleet/proto';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { introduction } from '../testing/fleet.fixture';
import { applyRollout, rolloutIn } from '../testing/rollout.fixture';
import { ScriptedAgent, type Script, succeed } from '../testing/scripted-agent';
import { HostRegistrar } from './host.registrar';
import { HostRegistrations } from './host.registrations';
import type { Outbox } from './outbox';

describe('the identity of a host', () => {
  let plane: ControlPlaneFixture;
  const agents: ScriptedAgent[] = [];
  const connect = (name: string, hello: Partial<Hello>, script: Script = succeed) => {
    const agent = new ScriptedAgent(name, script, {
      bootId: `boot of ${hello.machineId}`,
      incarnationId: `incarnation of ${hello.machineId}`,
      ...hello,
    });
    agents.push(agent);
    return agent.connect(plane.running.grpcPort);
  };
  const host = async (name: string) =>
    (await plane.ask<HostResponse>(`/api/v1/hosts/${name}`)).body;
  const events = async (name: string, kind: string) => {
    const path = `/api/v1/events?limit=500&host=${name}`;
    const { body } = await plane.ask<{ items: EventResponse[] }>(path);
    return body.items.filter((event) => event.kind === kind);
  };

  beforeAll(async () => {
    plane = await createControlPlane({ SWEEP_INTERVAL_MS: '100' }, 'all');
    await plane.fleet.release('runtime-1.1.0');
  });
  afterAll(async () => {
    for (const agent of agents) agent.disconnect();
    await plane.stop();
  });

  it('refuses a second machine under a name, which gets nothing of the first', async () => {
    let preflight: Command | undefined;
    const first = await connect('web-1', { machineId: 'm1', labels: { of: 'm1' } }, (command) => {
      preflight = command;
      return command.phase === Phase.PHASE_PREFLIGHT ? null : succeed(command);
    });
    await applyRollout(plane, { name: 'web-1', selector: 'name=web-1', strategy: {} });
    await first.until(() => preflight !== undefined);
    for (let tries = 0; tries < 5; tries += 1) {
      const second = await connect('web-1', { machineId: 'm2', labels: { of: 'm2' } });
      await second.until(() => second.ended);
      expect(second).toMatchObject({ goodbyes: ['IDENTITY_REFUSED'], commands: [], hostId: '' });
    }
    expect(first).toMatchObject({ ended: false, goodbyes: [] });
    expect(await host('web-1')).toMatchObject({ state: 'online', labels: { of: 'm1' } });
    const told = await events('web-1', 'host-identity-refused');
    expect(told).toMatchObject([
      { reasonCode: 'NAME_TAKEN', data: { machine: 'm2', enrolledMachine: 'm1' } },
    ]);
    const { text } = await plane.ask('/metrics');
    expect(text).toContain('luofleet_host_identity_refusals_total 5');
    expect(text).toContain('luofleet_host_identities_contested 1');
    if (preflight) first.answer(preflight, succeed(preflight) ?? {});
    await rolloutIn(plane, 'web-1', 'succeeded');
  });

  it('refuses it also while the first is away, and tells of each machine once', async () => {
    const first = await connect('away', { machineId: 'a1' });
    first.disconnect();
    for (const machineId of ['a2', 'a3', 'a2']) {
      const other = await connect('AWAY', { machineId });
      expect(other.goodbyes).toEqual(['IDENTITY_REFUSED']);
    }
    expect(await events('away', 'host-identity-refused')).toHaveLength(2);
  });

  it('keeps out the one of two processes that came back', async () => {
    const twin = (which: string, streamNumber: bigint) =>
      connect('twin', { machineId: 't', incarnationId: which, bootId: which, streamNumber });
    const one = await twin('one', 1n);
    const two = await twin('two', 1n);
    await one.until(() => one.ended);
    expect(one.goodbyes).toEqual(['SUPERSEDED']);
    const again = await twin('one', 2n);
    expect(again.goodbyes).toEqual(['IDENTITY_REFUSED']);
    // Nor does a new start of it take the place of the other.
    expect((await twin('one restarted', 1n)).goodbyes).toEqual(['IDENTITY_REFUSED']);
    expect(two).toMatchObject({ ended: false, goodbyes: [] });
    expect(await events('twin', 'host-identity-refused')).toMatchObject([
      { reasonCode: 'IDENTITY_SHARED' },
    ]);
  });

  it('tells two copies of one process apart by the numbers of their streams', async () => {
    const one = await connect('fork', { machineId: 'f', streamNumber: 5n });
    const two = await connect('fork', { machineId: 'f', streamNumber: 5n });
    expect(two.goodbyes).toEqual(['IDENTITY_REFUSED']);
    expect(one.ended).toBe(false);
  });

  it('suspects nobody because of a hello that comes late, and lets its process come back', async () => {
    const late = (streamNumber: bigint, incarnationId = 'late') =>
      connect('late', { machineId: 'late', streamNumber, incarnationId });
    const one = await late(5n);
    expect((await late(4n)).goodbyes).toEqual(['SUPERSEDED']);
    expect(one.ended).toBe(false);
    expect(await events('late', 'host-identity-refused')).toEqual([]);
    // A restart takes over while the old stream is live; it could not if the host were contested.
    expect((await late(1n, 'restarted')).goodbyes).toEqual([]);
    expect((await late(6n)).goodbyes).toEqual(['IDENTITY_REFUSED']);
    expect((await late(2n, 'restarted')).goodbyes).toEqual([]);
  });

  it('enrols the machine that comes out of a reboot while the record has its old stream', async () => {
    let reboot: Command | undefined;
    const old = await connect('rebooted', { machineId: '', bootId: 'before' }, (command) => {
      if (command.phase !== Phase.PHASE_REBOOT) return succeed(command);
      reboot = command;
      return null;
    });
    await applyRollout(plane, { name: 'rebooted', selector: 'name=rebooted', strategy: {} });
    await old.until(() => reboot !== undefined);
    const after = (machineId: string, openCommandKeys: string[]) =>
      connect('rebooted', { machineId, bootId: 'after', openCommandKeys });
    const other = await after('reb-2', [
      (reboot?.idempotencyKey ?? '').replace('reboot', 'finish'),
    ]);
    expect(other.goodbyes).toEqual(['IDENTITY_REFUSED']);
    const same = await after('reb-1', [reboot?.idempotencyKey ?? '']);
    expect(same).toMatchObject({ hostId: old.hostId, goodbyes: [] });
    await rolloutIn(plane, 'rebooted', 'succeeded');
  });

  it('keeps a host that is renamed, with its history', async () => {
    const before = await connect('old-name', { machineId: 'r', streamNumber: 1n });
    await applyRollout(plane, { name: 'named', selector: 'name=OLD-name', strategy: {} });
    await rolloutIn(plane, 'named', 'succeeded');
    const after = await connect('New-Name', { machineId: 'r', incarnationId: 'later' });
    expect(after.hostId).toBe(before.hostId);
    expect(await host('NEW-NAME')).toMatchObject({
      id: before.hostId,
      name: 'new-name',
      update: { rolloutName: 'named' },
    });
    expect(await events('new-name', 'host-renamed')).toHaveLength(1);
    expect((await plane.ask('/api/v1/hosts/old-name')).status).toBe(404);
    const other = await connect('new-name', { machineId: 'r2' });
    expect(other.goodbyes).toEqual(['IDENTITY_REFUSED']);
  });

  it('refuses a rename to a name that another machine has', async () => {
    const one = await connect('taken-1', { machineId: 'k1', streamNumber: 1n });
    const two = await connect('taken-2', { machineId: 'k2', streamNumber: 1n });
    const renamed = await connect('taken-2', { machineId: 'k1', incarnationId: 'later' });
    expect(renamed.goodbyes).toEqual(['IDENTITY_REFUSED']);
    expect(await host('taken-2')).toMatchObject({ id: two.hostId, state: 'online' });
    expect((await host('taken-1')).id).toBe(one.hostId);
  });

  it('goes to a new machine under the name of a decommissioned one, as another host', async () => {
    const gone = await connect('replaced', { machineId: 'x1' });
    await plane.ask('/api/v1/hosts/replaced/decommission', { method: 'POST', body: {} });
    await gone.until(() => gone.ended);
    const fresh = await connect('replaced', { machineId: 'x2' });
    expect(fresh.hostId).not.toBe('');
    expect(fresh.hostId).not.toBe(gone.hostId);
    expect(await host('Replaced')).toMatchObject({ id: fresh.hostId, state: 'online' });
    for (const name of ['replaced', 'replaced-2']) {
      const back = await connect(name, { machineId: 'x1', incarnationId: 'later' });
      expect(back.goodbyes).toEqual(['DECOMMISSIONED']);
    }
    expect((await host(gone.hostId)).state).toBe('decommissioned');
  });

  it('is the same in upper and lower case', async () => {
    const one = await connect('Case-1', { machineId: 'c' });
    expect(await host('cAsE-1')).toMatchObject({ id: one.hostId, name: 'case-1' });
    const path = '/api/v1/hosts?selector=name%20in%20(CASE-1,other)';
    const { body } = await plane.ask<{ items: HostResponse[] }>(path);
    expect(body.items.map(({ id }) => id)).toEqual([one.hostId]);
    expect((await plane.ask('/api/v1/events?host=CASE-1')).status).toBe(200);
    expect((await connect('CASE-1', { machineId: 'c2' })).goodbyes).toEqual(['IDENTITY_REFUSED']);
  });

  it('of several that clash in one batch goes to one, and the others in it come in', async () => {
    const registrations = plane.running.app.get(HostRegistrations, { strict: false });
    const of = (name: string, machineId: string) =>
      registrations.register({ ...introduction(name), machineId });
    const registered = await Promise.all([
      of('batch-1', 'b1'),
      of('batch-1', 'b2'),
      of('batch-2', 'b1'),
      of('batch-3', 'b3'),
      of('batch-3', 'b3'),
    ]);
    expect(registered.map(({ refused }) => refused !== null)).toEqual([
      false,
      true,
      false,
      false,
      false,
    ]);
    // The same machine under two names: the later one is its name.
    expect(registered[2]?.id).toBe(registered[0]?.id);
    expect(await host('batch-2')).toMatchObject({ id: registered[0]?.id, state: 'online' });
    expect(registered[4]?.id).toBe(registered[3]?.id);
  });

  it('is settled between replicas that enrol the same name at once', async () => {
    const { database } = plane.fleet;
    const registrations = plane.running.app.get(HostRegistrations, { strict: false });
    const here = await database.transaction('enrol elsewhere', 'race', async (unit) => {
      await unit.client.$executeRaw`
        INSERT INTO hosts (id, name, machine_id, backend) VALUES (gen_random_uuid(), 'race', 'there', 'memory')`;
      const waiting = registrations.register({ ...introduction('race'), machineId: 'here' });
      await database.read('see who waits', 'locks', async (client) => {
        const blocked = () => client.$queryRaw<{ waiting: bigint }[]>`
          SELECT count(*) AS waiting FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        for (let tries = 0; tries < 500 && (await blocked())[0]?.waiting === 0n; tries += 1);
      });
      return { waiting };
    });
    expect((await here.waiting).refused).not.toBeNull();
  });

  it('is not taken by a hello whose stream ended while it waited', async () => {
    const registrar = plane.running.app.get(HostRegistrar, { strict: false });
    const outbox = {
      isOver: true,
      send: () => undefined,
      end: () => undefined,
    } as unknown as Outbox;
    const hello = Hello.create({
      hostName: 'left',
      machineId: 'l',
      backend: Backend.BACKEND_MEMORY,
    });
    await expect(registrar.welcome(hello, outbox)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect((await plane.ask('/api/v1/hosts/left')).status).toBe(404);
  });

  it.each([
    ['a machine id of other characters', { machineId: 'a b' }],
    ['a machine id that is too long', { machineId: 'a'.repeat(129) }],
    ['a backend that nobody knows', { backend: 99 as Backend }],
  ])('refuses %s without harm', async (_what, hello) => {
    const agent = await connect('odd', hello);
    expect(agent).toMatchObject({ ended: true, hostId: '' });
    expect((await plane.ask('/healthz')).status).toBe(200);
  });
});
