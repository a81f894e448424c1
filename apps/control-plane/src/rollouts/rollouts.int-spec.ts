import {
  hostUpdatePageSchema,
  type Page,
  type Problem,
  type RolloutActionName,
  type RolloutResponse,
  rolloutSchema,
  type RolloutSummaryResponse,
  type SessionWithFilesResponse,
  sessionWithFilesPageSchema,
} from '@luofleet/contracts';
import { lockRollout, writeRolloutStates } from '@luofleet/persistence';
import type { RolloutState } from '@luofleet/rollout';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { manifest } from '../testing/fleet.fixture';

const REASON = { code: 'EXEC_FAILED', detail: 'execve failed', errnoCode: 'ENOEXEC' };
const HOSTS = ['host-1', 'host-2', 'host-3', 'host-4'];

let plane: ControlPlaneFixture;

beforeAll(async () => {
  plane = await createControlPlane();
  await plane.fleet.release('runtime-1.1.0');
  await plane.fleet.hosts(HOSTS);
});

afterAll(() => plane?.stop());

async function apply(name: string, headers: Record<string, string> = {}, spec = {}) {
  return plane.ask<RolloutResponse & Problem>('/api/v1/rollouts', {
    method: 'POST',
    body: manifest(name, { strategy: { waves: [2] }, ...spec }),
    headers,
  });
}

const get = async (name: string): Promise<RolloutResponse> =>
  rolloutSchema.parse((await plane.ask(`/api/v1/rollouts/${name}`)).body);

const act = (name: string, action: RolloutActionName) =>
  plane.ask<RolloutResponse & Problem>(`/api/v1/rollouts/${name}/${action}`, { method: 'POST' });

async function putInState(rolloutId: string, state: RolloutState): Promise<void> {
  await plane.fleet.database.transaction('put in state', 'fixture', async (unit) => {
    const rollout = await lockRollout(unit, rolloutId);
    if (rollout) await writeRolloutStates(unit, [{ rollout, state }], Date.now());
  });
}

describe('an idempotency key', () => {
  it('gives the same rollout for the same manifest, also at the same time', async () => {
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => apply('once', { 'idempotency-key': 'key-1' })),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const events = await plane.ask<{ items: { kind: string }[] }>('/api/v1/events?rollout=once');
    expect(events.body.items.filter(({ kind }) => kind === 'rollout-applied')).toHaveLength(1);
  });

  it('counts defaults as written: the same manifest in other words is the same', async () => {
    const answer = await apply('once', { 'idempotency-key': 'key-1' }, { selector: '' });
    expect(answer.status).toBe(201);
  });

  it('is refused with another manifest', async () => {
    const answer = await apply('other', { 'idempotency-key': 'key-1' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    expect((await plane.ask('/api/v1/rollouts/other')).status).toBe(404);
  });

  it('is free again when nothing was stored under it', async () => {
    const refused = await apply('kept', { 'idempotency-key': 'key-2' }, { selector: 'a=b' });
    expect(refused.status).toBe(400);
    expect((await apply('kept', { 'idempotency-key': 'key-2' })).status).toBe(201);
  });
});

describe('the read model', () => {
  it('counts hosts by state and phase, in all and by wave, and knows the blackout so far', async () => {
    const { body } = await apply('counted');
    await plane.fleet.updates(body.id, (host) => {
      if (host === 'host-1')
        return { state: { kind: 'succeeded' }, blackout: { blackoutMs: 40 }, attempt: 1 };
      if (host === 'host-2')
        return { state: { kind: 'running', phase: 'retrieve', deadlineAtMs: 4e12 }, attempt: 1 };
      if (host === 'host-3')
        return {
          state: { kind: 'rolled-back', phase: 'reboot', reason: REASON },
          blackout: { blackoutMs: 80 },
          attempt: 1,
        };
      return null;
    });
    const rollout = await get('counted');
    expect(rollout.hosts).toEqual({
      total: 4,
      byState: { succeeded: 1, running: 1, 'rolled-back': 1, pending: 1 },
      byPhase: { retrieve: 1 },
    });
    expect(rollout.waves.map(({ hosts }) => hosts.byState)).toEqual([
      { succeeded: 1, running: 1 },
      { 'rolled-back': 1, pending: 1 },
    ]);
    expect(rollout.blackoutMs).toEqual({ count: 2, p50: 60, p99: expect.closeTo(79.6), max: 80 });
    const failed = await plane.ask('/api/v1/rollouts/counted/updates?state=rolled-back');
    expect(hostUpdatePageSchema.parse(failed.body).items).toMatchObject([
      { hostName: 'host-3', phase: 'reboot', reason: REASON, blackoutMs: 80 },
    ]);
  });

  it('pages through host updates in their order, each exactly once', async () => {
    await apply('paged');
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await plane.ask(`/api/v1/rollouts/paged/updates?limit=1${query}`);
      const page = hostUpdatePageSchema.parse(body);
      seen.push(...page.items.map(({ hostName }) => hostName));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(HOSTS);
  });

  it('pages through rollouts, newest first, each exactly once', async () => {
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await plane.ask<Page<RolloutSummaryResponse>>(
        `/api/v1/rollouts?limit=2${query}`,
      );
      names.push(...body.items.map(({ name }) => name));
      cursor = body.nextCursor;
    } while (cursor !== null);
    expect(names.slice(0, 2)).toEqual(['paged', 'counted']);
    expect(new Set(names).size).toBe(names.length);
  });

  it('writes u64 tokens and data handles exactly', async () => {
    const rollout = await get('counted');
    await plane.fleet.sessions(rollout.id, 'host-1', [
      {
        name: 'kv',
        workload: 'kv',
        state: 'frozen',
        files: [
          {
            token: 0xffff_ffff_ffff_ffffn,
            name: 'store',
            compatible: 'memfd-v1',
            dataHandle: 0x8000_0000_0000_0001n,
            state: 'failed',
            sizeBytes: 65_536n,
            reasonCode: 'FREEZE_FAILED',
            reasonDetail: 'no memory',
            errnoCode: 'ENOMEM',
            errno: 12,
          },
        ],
      },
    ]);
    const { body } = await plane.ask<Page<SessionWithFilesResponse>>(
      '/api/v1/hosts/host-1/sessions',
    );
    const [session] = sessionWithFilesPageSchema.parse(body).items;
    expect(session).toMatchObject({ name: 'kv', filesTotal: 1, rolloutName: 'counted' });
    const files = await plane.ask<Page<unknown>>('/api/v1/files?rollout=counted&state=failed');
    expect(files.body.items).toEqual([
      expect.objectContaining({
        token: '0xffffffffffffffff',
        dataHandle: '0x8000000000000001',
        sizeBytes: 65_536,
        reason: {
          code: 'FREEZE_FAILED',
          detail: 'no memory',
          errnoCode: 'ENOMEM',
          errno: 12,
        },
      }),
    ]);
    const summary = await plane.ask('/api/v1/summary');
    expect(summary.body).toMatchObject({ hosts: { total: 4, online: 4 }, sessions: 1, files: 1 });
  });
});

describe('acting on a rollout', () => {
  it('pauses and resumes; asking again changes nothing', async () => {
    await apply('steered');
    const paused = await act('steered', 'pause');
    expect(paused.status).toBe(200);
    expect(paused.body).toMatchObject({ state: 'paused', reason: { code: 'OPERATOR_PAUSED' } });
    const again = await act('steered', 'pause');
    expect(again.body.version).toBe(paused.body.version);
    expect((await act('steered', 'resume')).body).toMatchObject({ state: 'running', reason: null });
    // Nothing was in flight, and an abort is carried out by whoever stores it.
    expect((await act('steered', 'abort')).body.state).toBe('aborted');
  });

  it.each<[RolloutState, RolloutActionName, string]>([
    [{ kind: 'succeeded' }, 'pause', 'is succeeded'],
    [{ kind: 'succeeded' }, 'retry', 'nothing more can be done'],
    [{ kind: 'failed', reason: REASON }, 'resume', 'Allowed now: retry'],
    [{ kind: 'failed', reason: REASON }, 'abort', 'is failed'],
    [{ kind: 'aborting', reason: REASON }, 'resume', 'is aborting'],
    [{ kind: 'planned' }, 'retry', 'Allowed now: pause, abort'],
  ])('refuses what the state %j does not allow: %s', async (state, action, text) => {
    const name = `refused-${state.kind}-${action}`;
    const { body } = await apply(name);
    await putInState(body.id, state);
    const before = await get(name);
    const answer = await act(name, action);
    expect(answer).toMatchObject({ status: 409, body: { code: 'INVALID_TRANSITION' } });
    expect(answer.body.detail).toContain(text);
    expect(await get(name)).toEqual(before);
  });

  it('retries exactly the host updates that can be retried', async () => {
    const { body } = await apply('retried');
    await plane.fleet.updates(body.id, (host) =>
      host === 'host-1'
        ? { state: { kind: 'succeeded' }, attempt: 1 }
        : { state: { kind: 'rolled-back', phase: 'reboot', reason: REASON }, attempt: 1 },
    );
    await putInState(body.id, { kind: 'failed', reason: REASON });
    const retried = await act('retried', 'retry');
    expect(retried.body).toMatchObject({
      state: 'running',
      hosts: { byState: { succeeded: 1, pending: 3 } },
    });
    const updates = await plane.ask('/api/v1/rollouts/retried/updates?state=pending');
    expect(hostUpdatePageSchema.parse(updates.body).items[0]?.reason?.code).toBe('HOST_BUSY');
  });
});
