import { EchoClient } from './harness/echo.client';
import { Fleet } from './harness/fleet.harness';
import { until } from '@luofleet/testkit';

describe('phases that fail on one host', () => {
  let fleet: Fleet | undefined;
  afterEach(async () => {
    await fleet?.stop();
    fleet = undefined;
  });

  /** A fleet of three whose first host has `faults`; the store of each host holds something. */
  async function fleetWithFaults(faults: Record<string, unknown>): Promise<Fleet> {
    fleet = await Fleet.start({
      hosts: 3,
      agentConfig: (index) => (index === 0 ? { faults } : {}),
    });
    await Promise.all(fleet.hosts.map(async (host) => host.kv.put('who', host.name)));
    return fleet;
  }

  async function expectRolledBackAndServing(
    over: Fleet,
    faulty: { phase: string; errno: string },
  ): Promise<void> {
    const [host] = over.hosts;
    if (!host) throw new Error('no host');
    const hash = await host.kv.hash();
    const { pid } = host.agent;
    const echo = new EchoClient(host.echoPort);
    const id = await over.applyRollout({ waves: [1, 1], maxConcurrent: 1, maxFailures: 0 });
    const rollout = await over.waitForRollout(id, ['paused', 'succeeded', 'failed']);

    expect(rollout.state).toBe('paused');
    expect(rollout.reason.code).toBe('FAILURE_BUDGET_SPENT');
    const updates = await over.updatesByHost(id);
    const update = updates.get(host.name);
    expect(update).toMatchObject({ state: 'rolled-back', phase: faulty.phase });
    expect(update.reason.errnoCode).toBe(faulty.errno);
    // The threshold held: nobody else was started.
    expect(updates.get('host-2')?.state).toBe('pending');
    expect(updates.get('host-3')?.state).toBe('pending');
    expect(rollout.report.waiting.length).toBeGreaterThan(0);

    // Same process, same release, same data, serving.
    expect(host.agent.running).toBe(true);
    expect(host.agent.pid).toBe(pid);
    expect((await over.rest.get(`/hosts/${host.name}`)).runningVersion).toBe('1.0.0');
    expect(await host.kv.hash()).toBe(hash);
    await host.kv.put('after', 'rollback');
    expect(await host.kv.get('after')).toBe('rollback');
    const answered = echo.tally.answered;
    await until('the echo server to answer', () =>
      echo.tally.answered > answered ? true : undefined,
    );
    expect(await echo.stop()).toMatchObject({ refused: 0, otherErrors: [] });

    // The fault struck once: a retry of what failed goes through.
    const retried = await over.rest.request('POST', `/rollouts/${id}/retry`);
    expect(retried.status).toBe(200);
    if (retried.body.state === 'paused') await over.rest.post(`/rollouts/${id}/resume`);
    const ended = await over.waitForRollout(id, ['succeeded', 'failed', 'paused']);
    expect(ended.state).toBe('succeeded');
    expect((await over.updatesByHost(id)).get(host.name)?.attempt).toBe(2);
    expect(await host.kv.get('after')).toBe('rollback');
  }

  it('a file whose freeze fails: earlier files unfrozen, rolled back, rollout pauses', async () => {
    const over = await fleetWithFaults({
      freeze: [{ workload: 'kv', token: '0x2', errno: 'EIO', times: 1 }],
    });
    await expectRolledBackAndServing(over, { phase: 'freeze', errno: 'EIO' });
    const files = await over.rest.all('/files?host=host-1');
    const rolledBack = files.filter(
      (file) => file.state === 'unpreserved' || file.state === 'failed',
    );
    expect(rolledBack.length).toBeGreaterThan(0);
  });

  it('an execve that fails: everything undone, workloads serve on', async () => {
    const over = await fleetWithFaults({ execve: { errno: 'ENOENT', times: 1 } });
    await expectRolledBackAndServing(over, { phase: 'reboot', errno: 'ENOENT' });
  });

  it('a finish that is refused: held with a reason, finished when asked again', async () => {
    const over = await fleetWithFaults({ refuseFinish: { times: 2 } });
    const id = await over.applyRollout({ waves: ['100%'], finishRetry: '1s' });
    const held = await until('the first host to be held', async () => {
      const update = (await over.updatesByHost(id)).get('host-1');
      return update?.state === 'held' ? update : undefined;
    });
    expect(held.reason.code).not.toBe('');
    const rollout = await over.waitForRollout(id, ['succeeded', 'failed', 'paused']);
    expect(rollout.state).toBe('succeeded');
    const files = await over.rest.all('/files?host=host-1');
    expect(files.every((file) => file.state === 'finished')).toBe(true);
    const { items } = await over.rest.get(`/events?rollout=${id}&host=host-1&limit=500`);
    expect(JSON.stringify(items)).toContain('held');
  });
});
