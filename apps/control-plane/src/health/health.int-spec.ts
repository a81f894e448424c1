import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readinessSchema, type ReadinessResponse, type RolloutResponse } from '@luofleet/contracts';
import { TcpProxy, until } from '@luofleet/testkit';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { manifest } from '../testing/fleet.fixture';
import { rawRequest, sendRaw } from '../testing/raw-http';
import { EventLoopWatch } from './event-loop.watch';

let plane: ControlPlaneFixture;
let dashboard: string;

beforeAll(async () => {
  dashboard = await mkdtemp(path.join(tmpdir(), 'dashboard-'));
  await mkdir(path.join(dashboard, 'assets'));
  await writeFile(path.join(dashboard, 'index.html'), '<h1>dashboard</h1>');
  await writeFile(path.join(dashboard, 'assets', 'app-1a2b.js'), 'void 0;');
  await writeFile(path.join(path.dirname(dashboard), 'outside.txt'), 'secret');
  plane = await createControlPlane({ DASHBOARD_DIR: dashboard });
});

afterAll(async () => {
  await plane?.stop();
  await rm(dashboard, { recursive: true, force: true });
  await rm(path.join(path.dirname(dashboard), 'outside.txt'), { force: true });
});

/** Right after the start, its first connections may still be under way. */
const becomesReady = (of: ControlPlaneFixture) =>
  until('readiness', async () => {
    const answer = await of.ask('/readyz');
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return answer;
  });

describe('health', () => {
  it('is alive and ready', async () => {
    expect(await plane.ask('/healthz')).toMatchObject({ status: 200, body: { alive: true } });
    const { body } = await becomesReady(plane);
    expect(readinessSchema.parse(body).ready).toBe(true);
  });

  it('says that Redis can not be reached, and stays alive', async () => {
    const lame = await createControlPlane({ REDIS_URL: 'redis://127.0.0.1:1' });
    try {
      const ready = await lame.ask('/readyz');
      expect(ready.status).toBe(503);
      const { checks } = readinessSchema.parse(ready.body);
      expect(failing(checks)).toEqual(['redis', 'messages', 'queue']);
      expect(checks.find(({ name }) => name === 'redis')?.detail).toContain('Redis');
      expect((await lame.ask('/healthz')).status).toBe(200);
    } finally {
      await lame.stop();
    }
  });
});

describe('readiness of a process whose Postgres connections fell silent', () => {
  it('says which of them do not answer, as often as it is asked', async () => {
    const postgres = await TcpProxy.to(plane.databaseUrl);
    const lame = await createControlPlane(
      { DATABASE_URL: postgres.inFrontOf(plane.databaseUrl) },
      'all',
    );
    try {
      await becomesReady(lame);
      postgres.freeze();
      for (let looks = 0; looks < 3; looks += 1) {
        const { status, body } = await lame.ask('/readyz');
        expect(status).toBe(503);
        const names = failing(readinessSchema.parse(body).checks);
        expect(names).toEqual(expect.arrayContaining(['postgres', 'transactions']));
        expect(names).not.toContain('redis');
      }
      expect((await lame.ask('/healthz')).status).toBe(200);
    } finally {
      postgres.drop();
      await lame.stop();
      await postgres.close();
    }
  }, 60_000);

  it('says that the event loop stood still', () => {
    const watch = new EventLoopWatch();
    expect(watch.longestStallMs()).toBe(0);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 900);
    expect(watch.longestStallMs()).toBeGreaterThan(500);
    watch.onModuleDestroy();
  });
});

const failing = (checks: ReadinessResponse['checks']) =>
  checks.filter(({ ok }) => !ok).map(({ name }) => name);

describe('metrics', () => {
  it('shows what the record knows', async () => {
    await plane.fleet.release('runtime-1.1.0');
    await plane.fleet.hosts(['host-1', 'host-2']);
    const { body } = await plane.ask<RolloutResponse>('/api/v1/rollouts', {
      method: 'POST',
      body: manifest('measured'),
    });
    await plane.fleet.updates(body.id, (host) => ({
      state: { kind: 'succeeded' },
      blackout: { blackoutMs: host === 'host-1' ? 50 : 70 },
    }));
    const { text, status } = await plane.ask('/metrics');
    expect(status).toBe(200);
    const lines = text.split('\n');
    for (const line of [
      'luofleet_hosts{state="online"} 2',
      'luofleet_hosts{state="offline"} 0',
      'luofleet_rollouts{state="planned"} 1',
      'luofleet_host_updates{state="succeeded"} 2',
      'luofleet_blackout_seconds_bucket{le="0.02"} 0',
      'luofleet_blackout_seconds_bucket{le="0.05"} 1',
      'luofleet_blackout_seconds_bucket{le="0.1"} 2',
      'luofleet_blackout_seconds_bucket{le="+Inf"} 2',
      'luofleet_blackout_seconds_count 2',
      'luofleet_grpc_streams 0',
    ])
      expect(lines).toContain(line);
    expect(text).toContain('luofleet_blackout_seconds_sum 0.12');
    expect(text).toContain('luofleet_queue_jobs{queue="reconcile"}');
    expect(text).toMatch(/http_request_duration_seconds_count\{.*route="\/api\/v1\/rollouts"/);
  });
});

describe('the dashboard', () => {
  it.each([
    ['/', 'text/html'],
    ['/rollouts/to-1-1-0', 'text/html'],
    ['/rollouts/to-1.1', 'text/html'],
  ])('answers %s with its page', async (url, type) => {
    const answer = await plane.ask(url, { headers: { accept: 'text/html' } });
    expect(answer).toMatchObject({ status: 200, type, text: '<h1>dashboard</h1>' });
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  });

  it('sends assets that may be kept for ever', async () => {
    const answer = await plane.ask('/assets/app-1a2b.js');
    expect(answer).toMatchObject({ status: 200, text: 'void 0;' });
    expect(answer.headers.get('cache-control')).toContain('immutable');
  });

  it.each([
    ...['/assets/gone.js', '/api/nothing'].flatMap((url) => [
      [url, '*/*'],
      [url, 'text/html'],
    ]),
    ...['/..%2foutside.txt', '/%2e%2e/outside.txt'].map((url) => [url, '*/*']),
  ])(
    'does not answer %s, wanted as %s, with a page or a file from elsewhere',
    async (url, accept) => {
      const answer = await plane.ask(url, { headers: { accept } });
      expect(answer).toMatchObject({ status: 404, type: 'application/problem+json' });
    },
  );

  it.each([
    'http://x/../../../../outside.txt',
    '../outside.txt',
    '/../outside.txt',
    '//../outside.txt',
  ])('sends nothing from elsewhere for the target %s', async (target) => {
    const { status, text } = await sendRaw(plane.running.httpPort, rawRequest('GET', target));
    expect([400, 404]).toContain(status);
    expect(text).not.toContain('secret');
  });

  it('says how to build it when it is not built', async () => {
    const bare = await createControlPlane({ DASHBOARD_DIR: path.join(dashboard, 'nothing') });
    try {
      const answer = await bare.ask('/');
      expect(answer).toMatchObject({ status: 503, type: 'text/html' });
      expect(answer.text).toContain('nx build dashboard');
      expect((await bare.ask('/api/v1/summary')).status).toBe(200);
    } finally {
      await bare.stop();
    }
  });

  it('serves the API pages from this machine alone', async () => {
    const page = await plane.ask('/api/docs');
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/(src|href)=["'](https?:)?\/\//);
    expect((await plane.ask('/api/docs/swagger-ui-bundle.js')).status).toBe(200);
    expect((await plane.ask<{ openapi: string }>('/api/openapi.json')).body.openapi).toBe('3.1.0');
  });
});
