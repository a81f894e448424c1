// Postgres or Redis says nothing, answers by drips, or breaks off in the middle, on connections that are there and on new
// ones. Whatever is asked meanwhile ends, with its reason; once new connections are sound again all goes on by itself.
import type { ReadinessResponse } from '@luofleet/contracts';
import { within } from '@luofleet/platform';
import { JobQueue } from '@luofleet/queue';
import { type Answers, TcpProxy, until } from '@luofleet/testkit';
import { HeartbeatCollector } from '../agents/heartbeat.collector';
import { FleetWatch } from '../watch/fleet.watch';
import { Sweeper } from '../jobs/sweeper';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { manifest } from '../testing/fleet.fixture';
import { applyRollout, rolloutIn } from '../testing/rollout.fixture';
import { ScriptedAgent } from '../testing/scripted-agent';

jest.setTimeout(240_000);

const SHORT = {
  ...{ DATABASE_CONNECT_TIMEOUT_MS: '2000', DATABASE_STATEMENT_TIMEOUT_MS: '1000' },
  ...{ DATABASE_LOCK_TIMEOUT_MS: '1000', SWEEP_INTERVAL_MS: '200' },
};
/** Far above what the limits add up to, far below for ever. */
const BOUND_MS = 60_000;

const CHECKS = {
  postgres: ['postgres', 'transactions'],
  redis: ['redis', 'messages', 'queue', 'worker'],
} as const;
type Service = keyof typeof CHECKS;

const PEERS = (['postgres', 'redis'] as const).flatMap((service) =>
  (['none', 'drips', 'broken off'] as const).map((answers) => [service, answers] as const),
);

/** Within the bound of everything here; says what did not end. */
const ends = <T>(what: string, work: Promise<T>): Promise<T> =>
  within(BOUND_MS, work, () => new Error(`${what} did not end within ${BOUND_MS} ms`));

async function behind(service: Service, proxy: TcpProxy): Promise<ControlPlaneFixture> {
  const variable = service === 'postgres' ? 'DATABASE_URL' : 'REDIS_URL';
  return createControlPlane(SHORT, 'all', (addresses) => ({
    [variable]: proxy.inFrontOf(addresses[variable]),
  }));
}

/** Looks until readiness says so. */
async function ready(plane: ControlPlaneFixture, wanted: boolean): Promise<ReadinessResponse> {
  const look = async (): Promise<ReadinessResponse> => {
    const { body } = await plane.ask<ReadinessResponse>('/readyz');
    if (body.ready === wanted) return body;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return look();
  };
  return ends(`ready: ${wanted}`, look());
}

async function rollOut(plane: ControlPlaneFixture, agent: ScriptedAgent, name: string) {
  if (agent.hostId === '' || agent.ended) await agent.connect(plane.running.grpcPort);
  await applyRollout(plane, { name, selector: '', strategy: {} });
  await rolloutIn(plane, name, 'succeeded', BOUND_MS);
}

/** Everything that needs Postgres or Redis, at once. */
async function useEverything(plane: ControlPlaneFixture, hostId: string) {
  const of = <T>(type: new (...args: never[]) => T): T =>
    plane.running.app.get(type, { strict: false });
  const status = async (path: string, body?: unknown) => {
    const method = body === undefined ? 'GET' : 'POST';
    const answer = await plane.ask<{ code?: string }>(path, { method, body });
    return answer.status < 300 ? 'ok' : answer.body.code;
  };
  of(HeartbeatCollector).collect(hostId, [], performance.now());
  const work: Record<string, Promise<unknown>> = {
    read: status('/api/v1/hosts'),
    apply: status('/api/v1/rollouts', manifest('meanwhile')),
    metrics: status('/metrics'),
    beat: of(FleetWatch)
      .beat()
      .then(
        () => 'ok',
        (error: { code: string }) => error.code,
      ),
    heartbeats: of(HeartbeatCollector)
      .flush()
      .then(() => 'ok'),
    sweep: of(Sweeper)
      .sweep()
      .then(() => 'ok'),
    jobs: of(JobQueue)
      .add('reconcile', [{ rolloutId: hostId }])
      .then(
        () => 'ok',
        (error: { code: string }) => error.code,
      ),
  };
  const found = await Promise.all(
    Object.entries(work).map(async ([what, one]) => [what, await ends(what, one)]),
  );
  return Object.fromEntries(found) as Record<string, string>;
}

it.concurrent.each(PEERS)(
  'goes on after %s that answers: %s',
  async (service: Service, answers: Answers) => {
    const proxy = await TcpProxy.to(
      process.env[service === 'postgres' ? 'DATABASE_URL' : 'REDIS_URL'] ?? '',
    );
    proxy.answering(answers);
    const plane = await ends('start', behind(service, proxy));
    const agent = new ScriptedAgent('peer');
    try {
      const { checks } = await ready(plane, false);
      const failing = checks.filter(({ ok }) => !ok).map(({ name }) => name);
      expect(failing).toEqual(expect.arrayContaining([...CHECKS[service]]));
      expect((await plane.ask('/healthz')).status).toBe(200);
      proxy.answering('whole');
      await ready(plane, true);
      await plane.fleet.release('runtime-1.1.0');
      await rollOut(plane, agent, 'before');

      proxy.answering(answers);
      const found = await useEverything(plane, agent.hostId);
      // What takes few bytes may come whole: drop by drop, or in the half that is sent of several answers of Redis.
      const mayCome = answers === 'drips' || (service === 'redis' && answers === 'broken off');
      const away = mayCome ? /^(ok|UNAVAILABLE)$/ : /^UNAVAILABLE$/;
      const needs = { postgres: ['read', 'metrics', 'beat', 'apply'], redis: ['jobs'] }[service];
      for (const [what, how] of Object.entries(found))
        expect([what, how]).toEqual([
          what,
          expect.stringMatching(needs.includes(what) ? away : /^ok$/),
        ]);
      proxy.answering('whole');
      await ready(plane, true);
      await rollOut(plane, agent, 'after');
      if (found['apply'] === 'ok') await rolloutIn(plane, 'meanwhile', 'succeeded', BOUND_MS);

      proxy.answering(answers);
      await ready(plane, false);
    } finally {
      agent.disconnect();
      const late = (error: { code: string }) => expect(error.code).toBe('DEADLINE_EXCEEDED');
      await ends('stop', plane.running.stop().catch(late));
      // What was cut off goes on here, where no process ends with it: it gets the answers that it waits for.
      proxy.answering('whole');
      proxy.drop();
      await until('its connections to end', () => proxy.carries === 0 || undefined, BOUND_MS);
      await plane.stop();
      await proxy.close();
    }
  },
);
