// Statements over many rows of which Postgres refuses some: the others are written, and each refused one is set aside.
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '@luofleet/testkit';
import {
  beat,
  Database,
  insertCommands,
  insertRollout,
  markSilentOffline,
  readHostUpdates,
  registerHosts,
  ReleasesRepository,
  takeOpenCommands,
  takeQueuedCommands,
  writeHostUpdates,
} from './index';

const HOSTS = 12;
const PHASE_MS = 60_000;
const STRATEGY = {
  waves: [],
  ...{ maxConcurrent: HOSTS, maxFailures: 0, soakMs: 0, finishRetryMs: 1000, finishTriesMax: 3 },
  offline: { waitMs: 20_000, then: 'skip' },
  force: false,
  phaseTimeoutsMs: {
    ...{ preflight: PHASE_MS, preserve: PHASE_MS, freeze: PHASE_MS, reboot: PHASE_MS },
    ...{ retrieve: PHASE_MS, finish: PHASE_MS, verify: PHASE_MS, rollback: PHASE_MS },
  },
} as const;

describe('a batch with members that can not be stored', () => {
  let test: TestDatabase;
  let database: Database;
  let release: { id: string; name: string; version: string };
  let runs = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = new Database({ url: test.url, connectionsMax: 4 });
    release = await new ReleasesRepository(database).create({
      ...{ name: 'runtime-2', kind: 'runtime', version: '2', imageUri: 'file:///image' },
      ...{ imageSha256: 'ab'.repeat(32), handlers: [], kernelCommandLine: '', initrdUri: '' },
      ...{ initrdSha256: '', luoAbi: '', labels: {} },
    });
    await sql('CREATE TABLE refused (id uuid)');
    await sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM refused r WHERE r.id::text = to_jsonb(NEW)->>TG_ARGV[0])
        THEN RAISE EXCEPTION 'not this one'; END IF;
        RETURN NEW;
      END $$`);
    for (const [table, column] of [
      ['hosts', 'id'],
      ['host_updates', 'host_id'],
      ['commands', 'host_id'],
    ])
      await sql(`CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON ${table}
        FOR EACH ROW EXECUTE FUNCTION refuse('${column}')`);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  const sql = (text: string) =>
    database.read('run', 'statement', (client) => client.$executeRawUnsafe(text));
  const rows = <T>(text: string): Promise<T[]> =>
    database.read('read', 'test', (client) => client.$queryRawUnsafe<T[]>(text));
  const list = (ids: readonly string[]) => `(${ids.map((id) => `'${id}'`).join()})`;
  const hostsOf = async (condition: string, of: readonly string[]) => {
    const found = await rows<{ id: string }>(
      `SELECT h.id FROM hosts h WHERE h.id IN ${list(of)} AND ${condition}`,
    );
    return found.map(({ id }) => id).sort();
  };

  /** Hosts with an update that runs preflight, whose command nobody has been told about. */
  const fleet = async () => {
    const name = `rollout-${(runs += 1)}`;
    const hosts = Array.from({ length: HOSTS }, (_, index) => introduction(`${name}-${index}`));
    return database.transaction('make a fleet', name, async (unit) => {
      const registrar = { replicaId: 'replica', offlineAfterMs: 10_000 };
      const ids = (await registerHosts(unit, hosts, registrar)).map(({ id }) => id);
      const plan = {
        hostsTotal: HOSTS,
        waves: [{ index: 0, hosts: ids.map((id) => ({ id, name: id })) }],
      };
      const rollout = { name, release, selector: '', strategy: STRATEGY, plan };
      const updates = await readHostUpdates(unit.client, await insertRollout(unit, rollout));
      const deadlineAtMs = Date.now() + PHASE_MS;
      const state = { kind: 'running', phase: 'preflight', deadlineAtMs } as const;
      await writeHostUpdates(
        unit,
        updates.map((update) => ({ ...update, attempt: 1, state })),
        Date.now(),
      );
      await insertCommands(
        unit,
        updates.map(({ id, host }) => ({
          ...{ idempotencyKey: `${id}/preflight/1`, hostUpdateId: id, hostId: host.id },
          ...{ phase: 'preflight', attempt: 1, generation: 1n, afterKey: '' },
          ...{ timeoutMs: 1000, soakMs: 0 },
        })),
      );
      return ids;
    });
  };

  /** Runs `work` over a fleet of which some hosts are refused, whichever they are. */
  const withSome = (kind: string, work: (ids: string[], good: string[]) => Promise<void>) =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: HOSTS - 1 }), { maxLength: HOSTS }),
        async (some) => {
          const ids = await fleet();
          const bad = ids.filter((_id, index) => some.includes(index));
          for (const id of bad) await sql(`INSERT INTO refused VALUES ('${id}')`);
          await work(ids, ids.filter((id) => !bad.includes(id)).sort());
          const aside = await rows<{ id: string; kind: string; told: number }>(
            `SELECT host_id AS id, kind, (SELECT count(*)::int FROM events e
               WHERE e.kind = 'set-aside' AND e.data->>'subject' = a.subject) AS told
             FROM set_aside a WHERE host_id IN ${list(ids)} ORDER BY host_id::text`,
          );
          expect(aside).toEqual([...bad].sort().map((id) => ({ id, kind, told: 1 })));
          await sql('DELETE FROM refused');
          await sql('UPDATE hosts SET online = false');
          await sql(`UPDATE host_updates SET state = 'succeeded'`);
        },
      ),
      { numRuns: 8 },
    );

  it('takes every other silent host offline', () =>
    withSome('host', async (ids, good) => {
      await sql(`ALTER TABLE hosts DISABLE TRIGGER refuse`);
      await sql(`UPDATE hosts SET last_seen_at = now() - interval '1 h'`);
      await sql(`ALTER TABLE hosts ENABLE TRIGGER refuse`);
      await sql(`UPDATE fleet_watch SET heard_at = now(), silence_from = 'epoch'`);
      for (let times = 0; times < 2; times += 1)
        await database.transaction('sweep', 'hosts', (unit) => markSilentOffline(unit, 10_000));
      expect(await hostsOf('NOT h.online', ids)).toEqual(good);
    }));

  it('has the deadlines of every other update moved when nobody watched', () =>
    withSome('host-update', async (ids, good) => {
      await sql(`UPDATE commands SET created_at = now() - interval '1 h'
        WHERE host_id NOT IN (SELECT id FROM refused)`);
      await sql(`UPDATE fleet_watch SET heard_at = now() - interval '1 h',
        reached_at = now() - interval '1 h'`);
      const one = { replicaId: 'replica', role: 'api', hears: true, reaches: true };
      expect((await beat(database, { ...one, graceMs: 10_000 })).reachedMs).toBeGreaterThan(0);
      expect(await beat(database, { ...one, graceMs: 10_000 })).toMatchObject({ reachedMs: 0 });
      const moved = `EXISTS (SELECT FROM host_updates hu WHERE hu.host_id = h.id
        AND hu.deadline_at > now() + interval '30 min')`;
      expect(await hostsOf(moved, ids)).toEqual(good);
    }));

  it('takes every other command for sending', () =>
    withSome('command', async (ids, good) => {
      const taken = await takeQueuedCommands(database, ids, 'replica');
      expect(taken.map(({ hostId }) => hostId).sort()).toEqual(good);
      expect(taken.every(({ release: { name } }) => name === 'runtime-2')).toBe(true);
    }));

  it('sends a host that says hello what can be sent', () =>
    withSome('command', async (ids, good) => {
      const taken = [];
      for (const id of ids) taken.push(...(await takeOpenCommands(database, id, 'replica')));
      expect(taken.map(({ hostId }) => hostId).sort()).toEqual(good);
    }));

  it('refuses a rollout of which no host can be stored', async () => {
    const [id = ''] = await fleet();
    await sql(`INSERT INTO refused VALUES ('${id}')`);
    const plan = { hostsTotal: 1, waves: [{ index: 0, hosts: [{ id, name: id }] }] };
    const rollout = { name: 'nobody', release, selector: '', strategy: STRATEGY, plan };
    await expect(
      database.transaction('apply', 'nobody', (unit) => insertRollout(unit, rollout)),
    ).rejects.toThrow(/can not be stored/);
    expect(await rows(`SELECT 1 FROM rollouts WHERE name = 'nobody'`)).toEqual([]);
  });
});

function introduction(name: string) {
  return {
    ...{ name, machineId: '', streamNumber: 0n, labels: {}, failureDomain: '' },
    ...{ backend: 'memory' as const, bootId: name, incarnationId: name, agentVersion: '0' },
    ...{ runningVersion: '1', runningSha256: '00'.repeat(32), kernelRelease: '7', generation: 0n },
    ...{ handlers: [], capabilities: [], workloads: [], openCommandKeys: [] },
  };
}
