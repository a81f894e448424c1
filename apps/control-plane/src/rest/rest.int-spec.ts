import {
  hostPageSchema,
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
    expect(rollout.plan.waves.map(({ hosts }) => hosts.length)).toEqual([1, 2, 1]);
    expect(rollout.hosts).toEqual({ total: 4, byState: { pending: 4 }, byPhase: {} });
    const { body } = await plane.ask('/api/v1/rollouts/first');
    expect(rolloutSchema.parse(body).id).toBe(rollout.id);
    const list = await plane.ask('/api/v1/rollouts');
    expect(rolloutPageSchema.parse(list.body).items.map(({ name }) => name)).toContain('first');
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
