// Taking hosts out of the fleet and of rollouts over gRPC: the same answers, codes and idempotency as over REST.
import { credentials } from '@grpc/grpc-js';
import type {
  EventResponse,
  HostResponse,
  Page,
  Problem,
  RolloutResponse,
} from '@luofleet/contracts';
import {
  type DecommissionHostResponse,
  type ListHostsResponse,
  OperatorServiceClient,
  type RecommissionHostResponse,
  type SkipHostsResponse,
  type UnskipHostsResponse,
} from '@luofleet/proto';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { grpcCall, grpcRefusal } from '../testing/grpc-calls';
import { applyRollout, updatesOf } from '../testing/rollout.fixture';
import { ScriptedAgent, succeed } from '../testing/scripted-agent';

let plane: ControlPlaneFixture;
let client: OperatorServiceClient;

beforeAll(async () => {
  plane = await createControlPlane();
  await plane.fleet.release('runtime-1.1.0');
  client = new OperatorServiceClient(
    `127.0.0.1:${plane.running.grpcPort}`,
    credentials.createInsecure(),
  );
});
afterAll(async () => {
  client?.close();
  await plane?.stop();
});

const decommission = (id: string, reason = '') =>
  grpcCall<DecommissionHostResponse>((...rest) => client.decommissionHost({ id, reason }, ...rest));
const recommission = (id: string) =>
  grpcCall<RecommissionHostResponse>((...rest) => client.recommissionHost({ id }, ...rest));
const skip = (id: string, hosts: string[], { offline = false, reason = '' } = {}) =>
  grpcCall<SkipHostsResponse>((...rest) =>
    client.skipHosts({ id, hosts, offline, reason }, ...rest),
  );
const unskip = (id: string, hosts: string[]) =>
  grpcCall<UnskipHostsResponse>((...rest) => client.unskipHosts({ id, hosts }, ...rest));
const listed = async (selector: string, state: string) => {
  const { hosts } = await grpcCall<ListHostsResponse>((...rest) =>
    client.listHosts({ limit: 0, cursor: '', selector, state }, ...rest),
  );
  return hosts.map(({ name }) => name);
};
const hostOverRest = async (name: string) =>
  (await plane.ask<HostResponse>(`/api/v1/hosts/${name}`)).body;
const told = async (host: string, kind: string) => {
  const { body } = await plane.ask<Page<EventResponse>>(`/api/v1/events?host=${host}`);
  return body.items.filter((event) => event.kind === kind);
};
const hosts = (...names: string[]) =>
  plane.fleet.hosts(names, (name) => ({ test: name.replace(/-\d+$/, '') }));
const apply = (name: string) =>
  applyRollout(plane, { name, selector: `test=${name}`, strategy: {} });
const statesOf = async (name: string) =>
  Object.fromEntries(
    (await updatesOf(plane, name)).map(({ hostName, state }) => [hostName, state]),
  );

describe('decommission and recommission', () => {
  it('take a host out once, however often they are called, and back in', async () => {
    const [id = ''] = await hosts('out-1');
    await hosts('out-2');
    await apply('out');
    const gone = await decommission('OUT-1', 'burnt down');
    expect(gone.host).toMatchObject({ id, name: 'out-1', state: 'decommissioned' });
    expect((await decommission(id, 'once more')).host?.state).toBe('decommissioned');
    const events = await told(id, 'host-decommissioned');
    expect(events.map(({ message }) => message.includes('burnt down'))).toEqual([true]);
    expect(await statesOf('out')).toMatchObject({ 'out-1': 'cancelled' });
    expect(await hostOverRest(id)).toMatchObject({ state: 'decommissioned' });
    expect(await listed('test=out', '')).toEqual(['out-2']);
    expect(await listed('test=out', 'decommissioned')).toEqual(['out-1']);
    for (const _time of [1, 2])
      expect((await recommission(id)).host).toMatchObject({ id, state: 'offline' });
    expect(await told(id, 'host-recommissioned')).toHaveLength(1);
    expect(await listed('test=out', '')).toEqual(['out-1', 'out-2']);
  });

  it('do not take a host back in whose name another one has', async () => {
    const machine = (machineId: string) =>
      new ScriptedAgent('named-1', succeed, { machineId }).connect(plane.running.grpcPort);
    const agents = [await machine('m-1')];
    const { host } = await decommission('named-1');
    agents.push(await machine('m-2'));
    const refused = await grpcRefusal(recommission(host?.id ?? ''));
    expect(refused).toMatchObject({ status: 6, code: 'ALREADY_EXISTS' });
    expect(host).toMatchObject({ machineId: 'm-1', state: 'decommissioned' });
    expect(await hostOverRest('named-1')).toMatchObject({ machineId: 'm-2', state: 'online' });
    agents.forEach((agent) => agent.disconnect());
  });

  it.each<[string, () => Promise<unknown>, number, string, string]>([
    ['an unknown host', () => decommission('nobody'), 5, 'NOT_FOUND', ''],
    ['no host', () => decommission(''), 3, 'INVALID_INPUT', 'id'],
    ['an unknown host back', () => recommission('nobody'), 5, 'NOT_FOUND', ''],
    ['a reason that steers', () => decommission('n', '\u001b[2J'), 3, 'INVALID_INPUT', 'reason'],
    ['a name that hides', () => recommission('a\u202eb'), 3, 'INVALID_INPUT', 'id'],
    ['a novel', () => decommission('n', 'x'.repeat(501)), 3, 'INVALID_INPUT', 'reason'],
  ])('refuse %s', async (_name, ask, status, code, path) => {
    const refused = await grpcRefusal(ask());
    expect(refused).toMatchObject({ status, code });
    if (path !== '') expect(refused.errors.map((fault) => fault.path)).toEqual([path]);
  });
});

describe('skip and unskip', () => {
  it('leave hosts out once, however often they are called, and take them up again', async () => {
    const [first = ''] = await hosts('left-1', 'left-2', 'left-3');
    await apply('left');
    for (const _time of [1, 2]) {
      const { rollout } = await skip('left', [first, 'LEFT-2', 'left-2'], { reason: 'in repair' });
      expect(rollout).toMatchObject({ name: 'left', hostsSkipped: 2, hostsPending: 1 });
    }
    const updates = await updatesOf(plane, 'left');
    const skipped = updates.filter(({ state }) => state === 'skipped');
    expect(skipped.map(({ reason }) => reason?.detail.includes('in repair'))).toEqual([true, true]);
    expect(new Set(skipped.map(({ version }) => version)).size).toBe(1);
    expect(await told('left-2', 'host-update-skipped')).toHaveLength(1);
    for (const _time of [1, 2])
      expect((await unskip('left', ['left-1'])).rollout).toMatchObject({
        ...{ hostsSkipped: 1, hostsPending: 2 },
      });
  });

  it('leave out all that are offline, and nobody when all are there', async () => {
    const [, away = ''] = await hosts('off-1', 'off-2');
    await apply('off');
    expect((await skip('off', [], { offline: true })).rollout?.hostsSkipped).toBe(0);
    await plane.fleet.database.read('lose a host', 'test', (database) => {
      return database.$executeRaw`UPDATE hosts SET online = false WHERE id = ${away}::uuid`;
    });
    expect((await skip('off', [], { offline: true })).rollout?.hostsSkipped).toBe(1);
    expect(await statesOf('off')).toEqual({ 'off-1': 'pending', 'off-2': 'skipped' });
  });

  it('do all or nothing when one has started, and say which, as REST does', async () => {
    await hosts('busy-1', 'busy-2');
    const { id } = await apply('busy');
    await plane.fleet.updates(id, (name) =>
      name === 'busy-1'
        ? { state: { kind: 'running', phase: 'preflight', deadlineAtMs: Date.now() + 1e6 } }
        : null,
    );
    const [over, hostNames] = ['/api/v1/rollouts/busy', ['busy-2', 'busy-1']] as const;
    for (const [verb, ask] of [
      ['skip', () => skip('busy', [...hostNames])],
      ['unskip', () => unskip('busy', [...hostNames])],
    ] as const) {
      const refused = await grpcRefusal(ask());
      expect(refused).toMatchObject({ status: 9, code: 'INVALID_TRANSITION' });
      expect(refused.details).toContain('busy-1 is running');
      const body = { hosts: hostNames };
      const rest = await plane.ask<Problem>(`${over}/${verb}`, { method: 'POST', body });
      expect([rest.status, rest.body.code, rest.body.detail]).toEqual([
        ...[409, 'INVALID_TRANSITION', expect.stringContaining('busy-1 is running')],
      ]);
    }
    expect(await statesOf('busy')).toEqual({ 'busy-1': 'running', 'busy-2': 'pending' });
  });

  it('are refused once nothing may start any more', async () => {
    await hosts('over-1');
    await apply('over');
    await skip('over', ['over-1']);
    await plane.ask<RolloutResponse>('/api/v1/rollouts/over/abort', { method: 'POST' });
    const refused = await grpcRefusal(unskip('over', ['over-1']));
    expect(refused).toMatchObject({ status: 9, code: 'INVALID_TRANSITION' });
    expect(await statesOf('over')).toEqual({ 'over-1': 'skipped' });
  });

  it.each<[string, () => Promise<unknown>, number, string, string]>([
    ['an unknown rollout', () => skip('none', ['left-1']), 5, 'NOT_FOUND', ''],
    ['a host of another rollout', () => skip('left', ['off-1']), 5, 'NOT_FOUND', ''],
    ['an unknown host back', () => unskip('left', ['nobody']), 5, 'NOT_FOUND', ''],
    ['nobody', () => skip('left', []), 3, 'INVALID_INPUT', 'hosts'],
    ['nobody back', () => unskip('left', []), 3, 'INVALID_INPUT', 'hosts'],
    ['a name without a letter', () => skip('left', ['']), 3, 'INVALID_INPUT', 'hosts[0]'],
    ['a name that steers', () => skip('left', ['a', '\u0007']), 3, 'INVALID_INPUT', 'hosts[1]'],
  ])('refuse %s', async (_name, ask, status, code, path) => {
    const refused = await grpcRefusal(ask());
    expect(refused).toMatchObject({ status, code });
    if (path !== '') expect(refused.errors.map((fault) => fault.path)).toEqual([path]);
  });
});
