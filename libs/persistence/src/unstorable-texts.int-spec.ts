// Text that Postgres can not hold and that nobody cleaned, at every way into the record: a typed error, nothing stored by
// halves, and the next caller is served.
import { randomUUID } from 'node:crypto';
import { LuofleetError } from '@luofleet/platform';
import { createTestDatabase, type TestDatabase } from '@luofleet/testkit';
import {
  acceptCommand,
  Database,
  decommissionHost,
  endCommand,
  EventsReader,
  type FileReport,
  type HostIntroduction,
  HostsReader,
  HostUpdatesReader,
  insertCommands,
  insertRollout,
  matchHosts,
  type NewRelease,
  readHostUpdates,
  registerHost,
  ReleasesRepository,
  resolveId,
  RolloutsReader,
  type SessionReport,
  SessionsReader,
  type StoredHostUpdate,
  touchHosts,
  type UnitOfWork,
  writeHostFacts,
  writeHostUpdates,
  writeReport,
  writeSessionReports,
} from './index';

/** What UTF-8 has no form for goes out as U+FFFD; NUL is what Postgres refuses. */
const NUL = 'a\u0000b';
const ANSWERED = ['INTERNAL', 'NOT_FOUND', 'INVALID_INPUT'];

let test: TestDatabase;
let database: Database;
let update: StoredHostUpdate;
let release: { id: string; name: string; version: string };

const STRATEGY = {
  ...{
    waves: [],
    maxConcurrent: 1,
    maxFailures: 0,
    soakMs: 0,
    finishRetryMs: 1,
    finishTriesMax: 1,
  },
  offline: { waitMs: 1, then: 'skip' },
  force: false,
  phaseTimeoutsMs: {
    ...{ preflight: 1, preserve: 1, freeze: 1, reboot: 1, retrieve: 1, finish: 1, verify: 1 },
    rollback: 1,
  },
} as const;
const RELEASE: NewRelease = {
  ...{ name: 'r', kind: 'runtime', version: '2', imageUri: 'file:///i', imageSha256: 'ab' },
  ...{ handlers: ['h'], kernelCommandLine: 'c', initrdUri: 'u', initrdSha256: 's', luoAbi: 'v' },
  labels: { zone: 'a' },
};
const HOST: HostIntroduction = {
  ...{ name: 'host', machineId: 'machine', streamNumber: 0n, labels: { zone: 'a' } },
  ...{ failureDomain: 'f', backend: 'memory', bootId: 'b', incarnationId: 'i', agentVersion: '1' },
  ...{
    runningVersion: '1',
    runningSha256: 's',
    kernelRelease: 'k',
    handlers: ['h'],
    capabilities: ['c'],
  },
  ...{ workloads: ['w'], generation: 0n, openCommandKeys: [] },
};
const REGISTRAR = { replicaId: 'replica', offlineAfterMs: 10_000 };
const REASON = { code: 'C', detail: 'd', errnoCode: 'EIO', errno: 5, subject: 's' };
const FILE: FileReport = {
  ...{ token: 1n, name: 'f', compatible: 'c', dataHandle: 1n, state: 'failed', sizeBytes: 1n },
  ...{ reasonCode: 'C', reasonDetail: 'd', errnoCode: 'EIO', errno: 5 },
};
const SESSION: SessionReport = { name: 's', workload: 'w', state: 'failed', files: [FILE] };

beforeAll(async () => {
  test = await createTestDatabase();
  database = new Database({ url: test.url, connectionsMax: 4 });
  release = await new ReleasesRepository(database).create({ ...RELEASE, name: 'known' });
  update = await database.transaction('apply', 'rollout', async (unit) => {
    const { id, name } = { ...(await registerHost(unit, HOST, REGISTRAR)), name: 'host' };
    const plan = { hostsTotal: 1, waves: [{ index: 0, hosts: [{ id, name }] }] };
    const rollout = { name: 'known', release, selector: '', strategy: STRATEGY, plan };
    const [stored] = await readHostUpdates(unit.client, await insertRollout(unit, rollout));
    if (!stored) throw new Error('no host update was stored');
    return stored;
  });
});
afterAll(async () => {
  await database?.close();
  await test?.drop();
});

/** The value with the text in the place of each of its texts, one after the other; names of labels too. */
function spoiled<Value>(value: Value, leave: readonly string[] = []): Value[] {
  if (typeof value === 'string') return [NUL as Value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .filter(([key]) => !leave.includes(key))
    .flatMap(([key, inner]) =>
      spoiled(inner as unknown, leave).map((one) =>
        Array.isArray(value)
          ? (value.map((item: unknown, at) => (String(at) === key ? one : item)) as Value)
          : { ...value, [key]: one },
      ),
    );
}

type Write = readonly [name: string, work: (unit: UnitOfWork) => Promise<unknown>];
const ENUMS = ['kind', 'backend', 'state', 'phase'];

const writes = (): Write[] => [
  ...spoiled(HOST, ENUMS).map((host): Write => [
    'register host',
    (unit) => registerHost(unit, host, REGISTRAR),
  ]),
  ...spoiled(SESSION, ENUMS).map((session): Write => [
    'report session',
    (unit) => {
      const owner = { hostId: update.host.id, hostUpdateId: update.id, attempt: 1 };
      return writeSessionReports(unit, owner, [session]);
    },
  ]),
  ...spoiled(REASON).map((reason): Write => [
    'write host update',
    (unit) => {
      const state = { kind: 'failed', phase: 'freeze', reason } as const;
      return writeHostUpdates(unit, [{ ...update, state }], Date.now());
    },
  ]),
  ...spoiled({ runningVersion: '1', bootId: 'b', incarnationId: 'i' }).map((facts): Write => [
    'write facts',
    (unit) => writeHostFacts(unit, update.host.id, facts),
  ]),
  [
    'touch host',
    (unit) => {
      const workloads = [{ name: NUL, state: 'serving', detail: NUL, pid: 1 }] as never;
      const sign = { hostId: update.host.id, atMs: performance.now(), workloads };
      return touchHosts(unit, [sign], REGISTRAR);
    },
  ],
  [
    'end command',
    (unit) =>
      endCommand(unit, { idempotencyKey: NUL, state: 'failed', outcome: NUL, reason: REASON }),
  ],
  ['accept command', (unit) => acceptCommand(unit.client, update.host.id, NUL)],
  [
    'insert command',
    (unit) =>
      insertCommands(unit, [
        {
          ...{ idempotencyKey: NUL, hostUpdateId: update.id, hostId: update.host.id },
          ...{ phase: 'freeze', attempt: 1, generation: 1n, afterKey: '', timeoutMs: 1, soakMs: 0 },
        },
      ]),
  ],
  [
    'insert rollout',
    (unit) => {
      const plan = { hostsTotal: 0, waves: [] };
      return insertRollout(unit, {
        name: randomUUID(),
        release,
        selector: NUL,
        strategy: STRATEGY,
        plan,
      });
    },
  ],
  ['write report', (unit) => writeReport(unit, update.rolloutId, { headline: NUL } as never)],
  ['resolve', (unit) => resolveId(unit.client, 'host', NUL)],
  [
    'match',
    (unit) =>
      matchHosts(unit.client, [{ key: 'zone', operator: 'in', values: [NUL] }] as never, 'kernel'),
  ],
];

async function expectTyped(name: string, work: () => Promise<unknown>): Promise<void> {
  const outcome: unknown = await work().then(
    () => null,
    (error: unknown) => error,
  );
  expect({ name, outcome }).toEqual({ name, outcome: expect.any(LuofleetError) });
  expect(ANSWERED).toContain((outcome as LuofleetError).code);
  // Nobody is held up, on any of the connections.
  await Promise.all(Array.from({ length: 6 }, () => new HostsReader(database).get('host')));
}

/** How many rows there are of what the writes write, and the host update. */
const stored = () =>
  database.read('read', 'test', async (client) => ({
    rows: await client.$queryRaw`
      SELECT (SELECT count(*)::int FROM hosts) AS hosts, (SELECT count(*)::int FROM rollouts) AS rollouts,
        (SELECT count(*)::int FROM commands) AS commands, (SELECT count(*)::int FROM sessions) AS sessions,
        (SELECT count(*)::int FROM preserved_files) AS files, (SELECT count(*)::int FROM events) AS events`,
    updates: await readHostUpdates(client, update.rolloutId),
  }));

it('is refused as such by every write, and the next is served', async () => {
  expect(writes().length).toBeGreaterThan(25);
  const before = await stored();
  for (const [name, work] of writes())
    await expectTyped(name, () => database.transaction(name, 'test', work));
  expect(await stored()).toEqual(before);
  expect(before.updates).toEqual([update]);
}, 120_000);

it('is refused as such by every read', async () => {
  const page = { limit: 1 };
  const reads: Record<string, () => Promise<unknown>> = {
    host: () => new HostsReader(database).get(NUL),
    release: () => new ReleasesRepository(database).get(NUL),
    'new release': () => new ReleasesRepository(database).create({ ...RELEASE, luoAbi: NUL }),
    rollout: () => new RolloutsReader(database).get(NUL),
    updates: () => new HostUpdatesReader(database).listOfRollout(NUL, page),
    sessions: () => new SessionsReader(database).list({ ...page, host: NUL }),
    files: () => new SessionsReader(database).files({ ...page, rollout: NUL }),
    events: () => new EventsReader(database).resolveFilter({ host: NUL }),
  };
  for (const [name, work] of Object.entries(reads)) await expectTyped(name, work);
});

it('costs an event nothing but the harm', async () => {
  await database.transaction('record', 'test', async (unit) => {
    unit.record({
      ...{ kind: 'host-offline', message: NUL },
      data: { hostName: NUL, ...{ [NUL]: NUL } },
    });
    await decommissionHost(unit, update.host.id, NUL);
  });
  const events = new EventsReader(database);
  const { sequence } = await events.end();
  const stored = await events.after(sequence - 5n < 0n ? 0n : sequence - 5n, {} as never, 10);
  expect(stored.map(({ message }) => message)).toContain('a\ufffdb');
});
