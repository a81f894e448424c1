// Hosts that a rollout leaves out: what the plan says of them, skip and unskip, the offline policy, over real stores.
import {
  type HostResponse,
  type HostUpdateResponse,
  type Problem,
  type RolloutPreviewResponse,
  type RolloutResponse,
} from '@luofleet/contracts';
import { Backend, Phase } from '@luofleet/proto';
import { until } from '@luofleet/testkit';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { manifest } from '../testing/fleet.fixture';
import { applyRollout, rolloutIn, updatesOf } from '../testing/rollout.fixture';
import { type Script, ScriptedAgent, succeed } from '../testing/scripted-agent';

describe('hosts that are left out', () => {
  let plane: ControlPlaneFixture;
  const agents: ScriptedAgent[] = [];

  beforeAll(async () => {
    plane = await createControlPlane({ SWEEP_INTERVAL_MS: '100' }, 'all');
    await plane.fleet.release('runtime-1.1.0');
    await plane.fleet.release('runtime-1.2.0');
  });
  afterAll(async () => {
    for (const agent of agents) agent.disconnect();
    await plane.stop();
  });

  const connect = async (name: string, hello = {}, script: Script = succeed) => {
    const labels = { test: name.replace(/-\d+$/, '') };
    const agent = new ScriptedAgent(name, script, { labels, ...hello });
    agents.push(agent);
    return agent.connect(plane.running.grpcPort);
  };
  const absent = async (name: string) => {
    const agent = await connect(name);
    agent.disconnect();
    await agent.until(() => agent.ended);
    await until(`${name} to be offline`, async () => {
      const { body } = await plane.ask<{ state: string }>(`/api/v1/hosts/${name}`);
      return body.state === 'offline' || undefined;
    });
    return agent;
  };
  const apply = (name: string, strategy: object = {}) =>
    applyRollout(plane, { name, selector: `test=${name}`, strategy });
  const post = <Body = RolloutResponse>(path: string, body?: object) =>
    plane.ask<Body>(`/api/v1/rollouts${path.replace(/^(?=\w)/, '/')}`, { method: 'POST', body });
  const reasons = async (name: string) =>
    Object.fromEntries(
      (await updatesOf(plane, name)).map(({ hostName, state, reason }) => [
        hostName,
        `${state} ${reason?.code ?? ''}`,
      ]),
    );
  const reasonIs = (rollout: string, host: string, holds: (reason: string) => boolean) =>
    until(`${host} in rollout ${rollout}`, async () => {
      const { [host]: reason = '' } = await reasons(rollout);
      if (!holds(reason)) throw new Error(`${host} is ${reason}`);
      return reason;
    });
  const succeeds = (rollout: string, host: string) =>
    reasonIs(rollout, host, (reason) => reason === 'succeeded ');
  const onRelease = { runningVersion: '1.1.0', runningSha256: 'ab'.repeat(32) };

  it('whose agents do not understand the release are named, and fail without being asked', async () => {
    const kernels = await connect('unfit-1', { backend: Backend.BACKEND_KERNEL });
    const older = await connect('unfit-2', {
      capabilities: ['release:runtime', 'phase:preflight'],
    });
    await connect('unfit-3');
    const body = manifest('unfit', { selector: 'test=unfit', strategy: { maxFailures: 2 } });
    const { body: preview } = await post<RolloutPreviewResponse>('?dryRun=true', body);
    const warning = preview.plan.warnings.find(({ code }) => code === 'RELEASE_UNFIT');
    expect(warning?.message).toMatch(
      /^2 hosts .*: unfit-1, unfit-2\. .*phase:freeze.*release:runtime/,
    );
    await apply('unfit', { maxFailures: 2 });
    await succeeds('unfit', 'unfit-3');
    expect(await reasons('unfit')).toMatchObject({
      'unfit-1': 'failed RELEASE_UNFIT',
      'unfit-2': 'failed RELEASE_UNFIT',
    });
    expect([...kernels.commands, ...older.commands]).toEqual([]);
    const { body: host } = await plane.ask<HostResponse>('/api/v1/hosts/unfit-1');
    expect(host.capabilities).toContain('release:kernel');
  });

  it('are named in the dry run and the answer, and the first wave is of hosts that are there', async () => {
    await absent('seen-1');
    await connect('seen-2', onRelease);
    const busy = await connect('seen-3', {}, () => null);
    await post('', {
      ...manifest('seen-other', { release: 'runtime-1.2.0', selector: 'name=seen-3' }),
    });
    await busy.until(() => busy.commands.length > 0);
    const body = manifest('seen', { selector: 'test=seen', strategy: { waves: ['50%'] } });
    const { body: preview } = await post<RolloutPreviewResponse>('?dryRun=true', body);
    expect(preview.plan.waves.map(({ size, hosts }) => [size, hosts.map((h) => h.name)])).toEqual([
      ['50%', ['seen-2']],
      [null, ['seen-3', 'seen-1']],
    ]);
    expect(preview.plan.waves[1]?.offline).toEqual({ total: 1, names: ['seen-1'] });
    expect(preview.plan.waves[0]?.onRelease).toEqual({ total: 1, names: ['seen-2'] });
    const codes = ['HOSTS_OFFLINE', 'ALREADY_ON_RELEASE', 'OVERLAPPING_ROLLOUT'];
    expect(preview.plan.warnings.map(({ code }) => code)).toEqual(codes);
    expect(preview.plan.warnings[2]?.message).toMatch(/seen-other .* runtime-1\.2\.0 to 1 of/);
    const applied = await post('', body);
    expect(applied.body.plan.warnings).toEqual(preview.plan.warnings);
    const { body: events } = await plane.ask<{ items: { kind: string; reasonCode: string }[] }>(
      '/api/v1/events?rollout=seen',
    );
    const warned = events.items.filter(({ kind }) => kind === 'rollout-warned');
    expect(warned.map(({ reasonCode }) => reasonCode)).toEqual(codes);
  });

  it('are said to be the whole first wave when no host is there', async () => {
    await absent('nobody-1');
    const { plan } = await apply('nobody', { waves: [1] });
    expect(plan.warnings[0]?.code).toBe('FIRST_WAVE_OFFLINE');
  });

  it('when absent are given up after the time of the strategy, by the stored deadline', async () => {
    await absent('late-1');
    await connect('late-2');
    await apply('late', { offline: { waitFor: '1s', then: 'skip' } });
    const rollout = await rolloutIn(plane, 'late', 'succeeded');
    expect(rollout.hosts.byState).toEqual({ succeeded: 1, skipped: 1 });
    expect(rollout.report.headline).toBe('1 of 2 updated, 1 skipped');
    expect(await reasons('late')).toMatchObject({ 'late-1': 'skipped HOST_OFFLINE' });
  });

  it('when absent count as failed if the strategy says so', async () => {
    await absent('strict-1');
    await apply('strict', { offline: { waitFor: '0s', then: 'fail' } });
    await rolloutIn(plane, 'strict', 'failed');
    expect(await reasons('strict')).toEqual({ 'strict-1': 'failed HOST_OFFLINE' });
  });

  it('have one reason in the list of updates and in the report', async () => {
    await absent('told-1');
    await connect('told-2', {}, () => null);
    await connect('told-3');
    await apply('told', { waves: [1], maxConcurrent: 1 });
    await reasonIs('told', 'told-2', (reason) => !reason.startsWith('pending'));
    const { body } = await plane.ask<RolloutResponse>('/api/v1/rollouts/told');
    const waiting = new Map(body.report.waiting.map(({ name, reason }) => [name, reason]));
    const updates: HostUpdateResponse[] = await updatesOf(plane, 'told');
    const pending = updates.filter(({ state }) => state === 'pending');
    expect(pending.map(({ hostName }) => hostName)).toEqual(['told-3', 'told-1']);
    for (const { hostName, reason } of pending) expect(reason).toEqual(waiting.get(hostName));
  });

  it('and run the release already end the rollout without an update, unless it is forced', async () => {
    const agent = await connect('there-1', onRelease);
    await apply('there');
    await rolloutIn(plane, 'there', 'succeeded');
    expect([agent.commands.length, await reasons('there')]).toEqual([
      0,
      { 'there-1': 'skipped ALREADY_ON_RELEASE' },
    ]);
    const body = manifest('there-forced', { selector: 'test=there', strategy: { force: true } });
    await post('', body);
    await rolloutIn(plane, 'there-forced', 'succeeded');
    expect(agent.commands).toHaveLength(7);
    await post('there/updates/there-1/unskip');
    await rolloutIn(plane, 'there', 'succeeded');
    await succeeds('there', 'there-1');
    expect(agent.commands).toHaveLength(14);
  });

  it('by an operator do not hold the rollout up, and are taken up again after its end', async () => {
    const absentOne = await absent('asked-1');
    await connect('asked-2');
    await apply('asked');
    const skipped = await post('asked/updates/Asked-1/skip', { reason: 'in repair' });
    expect(skipped.status).toBe(200);
    await rolloutIn(plane, 'asked', 'succeeded');
    const [first] = (await updatesOf(plane, 'asked')).filter(({ state }) => state === 'skipped');
    expect(first?.reason?.detail).toContain('in repair');
    await absentOne.connect(plane.running.grpcPort);
    const { body } = await post('asked/unskip', {
      hosts: ['ASKED-1', absentOne.hostId.toUpperCase()],
    });
    expect(body.state).toBe('running');
    await succeeds('asked', 'asked-1');
    await rolloutIn(plane, 'asked', 'succeeded');
  });

  it('by an operator may be all that are offline', async () => {
    await absent('many-1');
    await absent('many-2');
    await connect('many-3', {}, () => null);
    await apply('many');
    const { body } = await post('many/skip', { offline: true });
    expect(body.hosts.byState.skipped).toBe(2);
  });

  it('must not have started: all or none, and the answer says why', async () => {
    const script: Script = (command) =>
      command.phase === Phase.PHASE_PREFLIGHT ? null : succeed(command);
    const agent = await connect('busy-1', {}, script);
    await absent('busy-2');
    await apply('busy');
    await agent.until(() => agent.commands.length > 0);
    const refused = await post<Problem>('busy/skip', { hosts: ['busy-2', 'busy-1'] });
    expect([refused.status, refused.body.code]).toEqual([409, 'INVALID_TRANSITION']);
    expect(refused.body.detail).toContain('busy-1 is running');
    expect((await reasons('busy'))['busy-2']).toBe('pending HOST_OFFLINE');
    const foreign = await post<Problem>('busy/skip', { hosts: ['told-1'] });
    expect([foreign.status, foreign.body.detail.includes('told-1')]).toEqual([404, true]);
    expect((await post('busy/unskip', { hosts: ['busy-2'] })).status).toBe(200);
    expect((await post('busy/skip', {})).status).toBe(400);
    expect((await post('busy/skip', { hosts: ['busy-2'], why: 'x' })).status).toBe(400);
  });

  it('are given up by rollouts that an earlier version stored, too', async () => {
    await absent('old-1');
    const { id } = await apply('old', { offline: { then: 'wait' } });
    await plane.fleet.database.read('an earlier version', 'test', (client) => {
      return client.$executeRaw`
        UPDATE rollouts SET strategy = strategy - 'offline' - 'force', plan = plan - 'warnings' WHERE id = ${id}::uuid`;
    });
    await until('old-1 to have a deadline', async () => {
      const [update] = await updatesOf(plane, 'old');
      return update?.deadlineAt ?? undefined;
    });
    const { body } = await plane.ask<RolloutResponse>('/api/v1/rollouts/old');
    expect(body.strategy.offline).toEqual({ waitMs: 1_800_000, then: 'skip' });
    expect(body.plan.warnings).toEqual([]);
  });
});
