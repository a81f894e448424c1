import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@luofleet/testkit';
import {
  ConflictError,
  Database,
  EventsReader,
  insertRollout,
  readHostUpdates,
  registerHost,
  ReleasesRepository,
  type SessionReport,
  SessionsReader,
  type StoredHostUpdate,
  writeHostUpdates,
  writeSessionReports,
} from './index';

const U64_MAX = 2n ** 64n - 1n;
const STRATEGY = {
  waves: [],
  maxConcurrent: 10,
  maxFailures: 0,
  soakMs: 0,
  finishRetryMs: 1000,
  finishTriesMax: 3,
  offline: { waitMs: 20_000, then: 'skip' },
  force: false,
  phaseTimeoutsMs: {
    preflight: 1000,
    preserve: 1000,
    freeze: 1000,
    reboot: 1000,
    retrieve: 1000,
    finish: 1000,
    verify: 1000,
    rollback: 1000,
  },
} as const;

describe('the record', () => {
  let test: TestDatabase;
  let database: Database;
  let hostId: string;
  let release: { id: string; name: string; version: string };

  beforeAll(async () => {
    test = await createTestDatabase();
    database = new Database({ url: test.url, connectionsMax: 12 });
    release = await new ReleasesRepository(database).create({
      name: 'runtime-2',
      kind: 'runtime',
      version: '2',
      imageUri: 'file:///image',
      imageSha256: 'ab'.repeat(32),
      handlers: [],
      kernelCommandLine: '',
      initrdUri: '',
      initrdSha256: '',
      luoAbi: '',
      labels: {},
    });
    hostId = await database.transaction('register host', 'host', async (unit) => {
      const host = await registerHost(unit, introduction, {
        replicaId: 'replica',
        offlineAfterMs: 10_000,
      });
      return host.id;
    });
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  const newUpdate = async (): Promise<StoredHostUpdate> => {
    const name = `rollout-${randomUUID()}`;
    const plan = { hostsTotal: 1, waves: [{ index: 0, hosts: [{ id: hostId, name: 'host' }] }] };
    return database.transaction('apply', name, async (unit) => {
      const rollout = { name, release, selector: '', strategy: STRATEGY, plan };
      const [update] = await readHostUpdates(unit.client, await insertRollout(unit, rollout));
      if (!update) throw new Error('no host update was stored');
      return update;
    });
  };
  const running = { kind: 'running', phase: 'preflight', deadlineAtMs: Date.now() } as const;
  const write = (update: StoredHostUpdate, state: StoredHostUpdate['state']) =>
    database.transaction('write', 'host update', (unit) =>
      writeHostUpdates(unit, [{ ...update, state }], Date.now()),
    );
  const sql = (text: string) =>
    database.read('run', 'statement', (client) => client.$executeRawUnsafe(text));

  it('writes a host update only over the version that was read', async () => {
    const update = await newUpdate();
    await write(update, { kind: 'cancelled', reason: { code: 'X', detail: 'x' } });
    await expect(write(update, { kind: 'succeeded' })).rejects.toBeInstanceOf(ConflictError);
  });

  it('runs a transaction again from its reads when it conflicts', async () => {
    const stale = await newUpdate();
    const reads: number[] = [];
    await database.transaction('write', 'host update', async (unit) => {
      const [fresh] = await readHostUpdates(unit.client, stale.rolloutId);
      reads.push(fresh?.version ?? -1);
      if (reads.length === 1)
        await write(stale, { kind: 'pending', reason: { code: 'A', detail: '' } });
      await writeHostUpdates(
        unit,
        fresh ? [{ ...fresh, state: { kind: 'succeeded' } }] : [],
        Date.now(),
      );
    });
    expect(reads).toEqual([0, 1]);
  });

  it('lets one update at a time be in flight on a host, over all rollouts', async () => {
    const first = await newUpdate();
    const second = await newUpdate();
    await write(first, running);
    await expect(write(second, running)).rejects.toBeInstanceOf(ConflictError);
    const [held] = await database.read('read', 'update', (client) =>
      readHostUpdates(client, first.rolloutId),
    );
    if (held) await write(held, { kind: 'succeeded' });
    await write(second, running);
    const [again] = await database.read('read', 'update', (client) =>
      readHostUpdates(client, second.rolloutId),
    );
    if (again) await write(again, { kind: 'succeeded' });
  });

  it('keeps u64 tokens and data handles exact, in one statement for a whole result', async () => {
    const update = await newUpdate();
    const file = (token: bigint, state: 'preserved' | 'finished') => ({
      ...{ token, name: 'store', compatible: 'memfd-v1', dataHandle: U64_MAX - token, state },
      ...{ sizeBytes: 2n ** 53n + 1n, reasonCode: '', reasonDetail: '', errnoCode: '', errno: 0 },
    });
    const report = (state: 'preserved' | 'finished'): SessionReport => ({
      name: 'kv',
      workload: 'kv',
      state,
      files: [file(0n, state), file(U64_MAX, state), file(2n ** 53n + 1n, state)],
    });
    const owner = { hostId, hostUpdateId: update.id, attempt: 1 };
    for (const state of ['preserved', 'finished'] as const)
      await database.transaction('report', 'sessions', (unit) =>
        writeSessionReports(unit, owner, [report('preserved'), report(state)]),
      );
    const { items } = await new SessionsReader(database).listWithFiles({ limit: 10, host: 'host' });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ state: 'finished', filesTotal: 3 });
    expect(items[0]?.files.map(({ token, dataHandle }) => [token, dataHandle])).toEqual([
      [0n, U64_MAX],
      [2n ** 53n + 1n, U64_MAX - 2n ** 53n - 1n],
      [U64_MAX, 0n],
    ]);
    const tooLarge = { ...report('preserved'), files: [file(U64_MAX + 1n, 'preserved')] };
    await expect(
      database.transaction('report', 'sessions', (unit) =>
        writeSessionReports(unit, owner, [tooLarge]),
      ),
    ).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('refuses to change or take away events', async () => {
    await database.transaction('record', 'event', async (unit) => {
      unit.record({ kind: 'host-offline', message: 'once', data: { hostName: 'any' } });
    });
    for (const statement of [
      'UPDATE events SET message = 1',
      'DELETE FROM events',
      'TRUNCATE events',
    ])
      await expect(sql(statement)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('numbers events in commit order: a reader that follows the sequence misses none', async () => {
    const events = new EventsReader(database);
    const { sequence: from } = await events.end();
    let written = false;
    const seen: bigint[] = [];
    const follow = async () => {
      for (let last = from; ;) {
        const whole = written;
        const batch = await events.after(last, {}, 1000);
        seen.push(...batch.map(({ sequence }) => sequence));
        last = batch.at(-1)?.sequence ?? last;
        if (whole && batch.length === 0) return;
      }
    };
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 15; round += 1)
        await database.transaction('record', 'event', async (unit) => {
          unit.record(
            { kind: 'host-offline', message: `${writer}/${round}`, data: { hostName: 'any' } },
            { kind: 'host-offline', message: '', data: { hostName: 'any' } },
          );
        });
    });
    const following = follow();
    await Promise.all(writers);
    written = true;
    await following;
    expect(seen).toHaveLength(8 * 15 * 2);
  });
});

const introduction = {
  machineId: '',
  streamNumber: 0n,
  name: 'host',
  labels: {},
  failureDomain: '',
  backend: 'memory',
  bootId: '',
  incarnationId: '',
  agentVersion: '',
  runningVersion: '1',
  runningSha256: '',
  kernelRelease: '',
  handlers: [],
  capabilities: [],
  workloads: [],
  generation: 0n,
  openCommandKeys: [],
} as const;
