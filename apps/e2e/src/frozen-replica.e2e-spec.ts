/**
 * Two replicas, of which one stops in the middle (SIGSTOP: alive, its connections open, and silent) and goes on later.
 *
 * It judges by what it read before, and reads what was sent long ago; both must harm nobody.
 */
import { readFileSync } from 'node:fs';
import { until } from '@luofleet/testkit';
import { Fleet, type FleetHost } from './harness/fleet.harness';
import { phaseStarts } from './harness/journal.reader';
import type { ManagedProcess } from './harness/managed.process';
import type { RestAnswer } from './harness/rest.client';

/** Hosts of the rollout; the others know no replica but the one that is frozen. */
const UPDATED = 4;
/** From a freeze to where every agent has noticed (two times 4 s) and is elsewhere, on a machine however slow. */
const NOTICED_MS = 60_000;
/** What was asked of a replica that stood still for longer is not done any more. */
const ASKED_WITHIN_MS = 11_000;

describe.each([
  ['one that plans as well', 'all'] as const,
  ['one that plans nothing', 'api'] as const,
])('a replica that is frozen and thaws beside %s', (_which, other) => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start({
      ...{ hosts: UPDATED + 2, replicas: [other, 'all'] },
      agentConfig: (index, [first, second]) => ({
        controlPlane: index === 0 ? [first, second] : index < UPDATED ? [second, first] : [second],
      }),
    });
  });
  afterEach(() => {
    for (const { process: one } of fleet?.replicas ?? []) one.thaw();
    for (const { agent } of fleet?.hosts ?? []) agent.thaw();
  });
  afterAll(async () => fleet?.stop());

  const host = (name: string): Promise<RestAnswer['body']> => fleet.rest.get(`/hosts/${name}`);
  const comesTo = (name: string, state: string): Promise<RestAnswer['body']> =>
    until(
      `${name} to be ${state}`,
      async () => {
        const seen = await host(name);
        return seen.state === state ? seen : undefined;
      },
      NOTICED_MS,
    );
  const events = async (filter: string): Promise<RestAnswer['body'][]> =>
    (await fleet.rest.get(`/events?limit=500&order=asc&${filter}`)).items;
  const comesAndGoes = async (name: string): Promise<RestAnswer['body'][]> =>
    (await events(`host=${name}`)).filter(({ kind }) => /^host-(online|offline)$/.test(kind));
  /** Its beats and sweeps go into the record again. */
  const judges = async (index: number): Promise<true | undefined> => {
    const answer = await fetch(`${fleet.replica(index).rest.baseUrl}/readyz`);
    const { checks } = (await answer.json()) as { checks: { name: string; ok: boolean }[] };
    const ok = (name: string) => checks.find((check) => check.name === name)?.ok === true;
    return ok('watch') && ok('sweep') ? true : undefined;
  };
  const logOf = ({ options }: ManagedProcess) => readFileSync(options.logFile, 'utf8');

  it('fails no host, tells nothing twice, and lets the rollout be completed', async () => {
    const updated = fleet.hosts.slice(0, UPDATED);
    const silence = `"silentReplicas":["${fleet.replica(1).id}"]`;
    const welcome = `"replicaId":"${fleet.replica(0).id}"`;
    const hashes = await Promise.all(updated.map(({ kv }) => kv.hash()));
    const id = await fleet.applyRollout(
      { waves: [1, '100%'], maxConcurrent: 2, phaseTimeouts: TIMEOUTS },
      { selector: 'index in (0,1,2,3)' },
    );
    const moving = await until('some host of the second to be in the middle', async () => {
      const updates = [...(await fleet.updatesByHost(id)).values()];
      if (updates.filter(({ state }) => state === 'succeeded').length !== 1) return undefined;
      return updates.find(({ state, hostName }) => state === 'running' && hostName !== 'host-1')
        ?.hostName as string | undefined;
    });
    fleet.replica(1).process.freeze();
    const askedAtMs = performance.now();
    const gaveUp = fetch(`${fleet.replica(1).rest.baseUrl}/api/v1/rollouts/${id}/pause`, {
      ...{ method: 'POST', signal: AbortSignal.timeout(1000) },
    });
    await expect(gaveUp).rejects.toThrow();
    await until(
      'its silence to be noticed',
      () => (logOf(fleet.controlPlane).includes(silence) ? true : undefined),
      NOTICED_MS,
    );
    await until(
      'all hosts to be at the first',
      () => (updated.every(({ agent }) => logOf(agent).includes(welcome)) ? true : undefined),
      NOTICED_MS,
    );
    await until(
      `${moving} to be updated without the replica that it was with`,
      async () =>
        (await fleet.updatesByHost(id)).get(moving).state === 'succeeded' ? true : undefined,
      NOTICED_MS,
    );
    await until('what was asked of it to be old', () =>
      performance.now() - askedAtMs > ASKED_WITHIN_MS ? true : undefined,
    );
    const before = await comesAndGoes(moving);
    expect((await fleet.rest.get(`/rollouts/${id}`)).state).toBe('running');
    fleet.replica(1).process.thaw();
    await until('the second to judge again', () => judges(1), NOTICED_MS);

    const rollout = await fleet.waitForRollout(id, ['succeeded', 'failed', 'paused'], 100_000);
    expect(rollout.state).toBe('succeeded');
    for (const update of (await fleet.updatesByHost(id)).values())
      expect(update).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect(await Promise.all(updated.map(({ kv }) => kv.hash()))).toEqual(hashes);
    // It stayed where it was; the end of its stream there is no news.
    expect(await comesAndGoes(moving)).toEqual(before);
    for (const one of updated) {
      expect([...phaseStarts(one.stateDir).values()].filter((starts) => starts !== 1)).toEqual([]);
      await toldInTurn(one);
    }
    const told = (await events(`rollout=${id}`))
      .filter(({ kind }) => kind !== 'host-update-pending')
      .map(
        ({ kind, hostId, data }) => `${kind} ${hostId} ${data.phase ?? data.index} ${data.attempt}`,
      );
    expect(told.filter((one, index) => told.indexOf(one) !== index)).toEqual([]);
  }, 300_000);

  // Who plans nothing takes no host offline.
  if (other === 'all')
    it('shows no host alive again that hung while it was frozen', async () => {
      const [hung, alive] = fleet.hosts.slice(UPDATED) as [FleetHost, FleetHost];
      await comesTo(hung.name, 'online');
      await comesTo(alive.name, 'online');
      fleet.replica(1).process.freeze();
      // By now heartbeats of some seconds lie before the frozen one.
      const silent = await comesTo(hung.name, 'offline');
      hung.agent.freeze();
      expect((await comesAndGoes(hung.name)).at(-1).message).toContain('has not been heard of');
      await comesTo(alive.name, 'offline');
      fleet.replica(1).process.thaw();
      let heard = await comesTo(alive.name, 'online');
      for (let writes = 0; writes < 3; writes += 1) {
        const { lastSeenAt } = heard;
        heard = await until('a later heartbeat to be written', async () => {
          const seen = await host(alive.name);
          return seen.lastSeenAt > lastSeenAt ? seen : undefined;
        });
      }
      expect(await host(hung.name)).toMatchObject({
        state: 'offline',
        lastSeenAt: silent.lastSeenAt,
      });
      expect((await comesAndGoes(hung.name)).at(-1).kind).toBe('host-offline');
      hung.agent.thaw();
      await comesTo(hung.name, 'online');
      for (const one of [hung, alive]) await toldInTurn(one);
    }, 300_000);

  /** That it came and that it left, one after the other. */
  async function toldInTurn({ name }: FleetHost): Promise<void> {
    const kinds = (await comesAndGoes(name)).map(({ kind }) => kind as string);
    expect(kinds.filter((kind, index) => kind === kinds[index - 1])).toEqual([]);
  }
});

/** Longer than an agent may take to notice, and shorter than what the frozen one sleeps together with a slow machine. */
const TIMEOUTS = { preflight: '20s', preserve: '20s', freeze: '20s', finish: '20s', verify: '20s' };
