import {
  hostPageSchema,
  plannedHostPageSchema,
  problemSchema,
  rolloutPageSchema,
  rolloutPreviewSchema,
  type RolloutResponse,
  rolloutSchema,
} from '@luofleet/contracts';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { manifest } from '../testing/fleet.fixture';

let plane: ControlPlaneFixture;

beforeAll(async () => {
  plane = await createControlPlane();
  await plane.fleet.release('runtime-1.1.0');
  await plane.fleet.hosts(['host-1', 'host-2', 'host-3', 'host-4'], (name) => ({
    zone: name < 'host-3' ? 'a' : 'b',
  }));
});

afterAll(() => plane?.stop());

const apply = (body: unknown, options = {}) =>
  plane.ask<RolloutResponse>('/api/v1/rollouts', { method: 'POST', body, ...options });

describe('applying a rollout', () => {
  it('stores it with its plan and shows it from then on', async () => {
    const answer = await apply(manifest('first', { strategy: { waves: [1, '50%'] } }));
    expect(answer.status).toBe(201);
    const rollout = rolloutSchema.parse(answer.body);
    expect(answer.headers.get('location')).toBe(`/api/v1/rollouts/${rollout.id}`);
    expect(rollout.plan.waves.map(({ hostsTotal }) => hostsTotal)).toEqual([1, 2, 1]);
    expect(rollout.hosts).toEqual({ total: 4, byState: { pending: 4 }, byPhase: {} });
    const { body } = await plane.ask('/api/v1/rollouts/first');
    expect(rolloutSchema.parse(body).id).toBe(rollout.id);
    const list = await plane.ask('/api/v1/rollouts');
    expect(rolloutPageSchema.parse(list.body).items.map(({ name }) => name)).toContain('first');
  });

  it('names the first hosts of each wave and lists all by their own path', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `many-${index + 10}`);
    await plane.fleet.hosts(names, () => ({ test: 'many' }));
    const spec = { selector: 'test=many', strategy: { waves: [10] } };
    const { plan } = rolloutSchema.parse((await apply(manifest('many', spec))).body);
    expect(plan.hostsTotal).toBe(30);
    expect(plan.waves.map(({ index, hostsTotal }) => [index, hostsTotal])).toEqual([
      [0, 10],
      [1, 20],
    ]);
    expect(plan.waves[1]?.hosts.map(({ name }) => name)).toEqual(names.slice(10, 18));
    const listed: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const path: string = `/api/v1/rollouts/many/plan?wave=1&limit=7${cursor && `&cursor=${cursor}`}`;
      const page = plannedHostPageSchema.parse((await plane.ask(path)).body);
      expect(page.items.every(({ waveIndex }) => waveIndex === 1)).toBe(true);
      listed.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor;
    }
    expect(listed).toEqual(names.slice(10));
    const all = plannedHostPageSchema.parse((await plane.ask('/api/v1/rollouts/many/plan')).body);
    expect(all.items.map(({ name }) => name)).toEqual(names);
    const dry = await plane.ask('/api/v1/rollouts?dryRun=true', {
      method: 'POST',
      body: manifest('many-dry', spec),
    });
    const preview = rolloutPreviewSchema.parse(dry.body).plan;
    expect(preview.waves[1]?.hosts.map(({ name }) => name)).toEqual(names.slice(10));
  });

  it('takes YAML as well', async () => {
    const answer = await apply(
      'apiVersion: luofleet.dev/v1\nkind: Rollout\nmetadata: {name: of-yaml}\n' +
        'spec: {release: runtime-1.1.0, selector: "zone=a", strategy: {soak: 1m30s}}\n',
      { type: 'application/yaml' },
    );
    expect(answer.status).toBe(201);
    expect(rolloutSchema.parse(answer.body)).toMatchObject({
      name: 'of-yaml',
      strategy: { soakMs: 90_000 },
      hosts: { total: 2 },
    });
  });

  it('shows the plan of a dry run and stores nothing', async () => {
    const answer = await plane.ask('/api/v1/rollouts?dryRun=true', {
      method: 'POST',
      body: manifest('dry', { strategy: { waves: ['25%'] } }),
    });
    expect(answer.status).toBe(200);
    expect(rolloutPreviewSchema.parse(answer.body).plan.waves).toHaveLength(2);
    expect((await plane.ask('/api/v1/rollouts/dry')).status).toBe(404);
  });
});

it('lists hosts by selector', async () => {
  const { body } = await plane.ask('/api/v1/hosts?selector=zone%3Db');
  expect(hostPageSchema.parse(body).items.map(({ name }) => name)).toEqual(['host-3', 'host-4']);
});

it('answers an unknown route with a problem', async () => {
  const answer = await plane.ask('/api/v1/nothing');
  expect(answer).toMatchObject({ status: 404, type: 'application/problem+json' });
  expect(problemSchema.parse(answer.body)).toMatchObject({
    code: 'NOT_FOUND',
    instance: '/api/v1/nothing',
  });
});
