// Rollouts with hosts of which Postgres refuses something: those end and are set aside, all others go on to the end.
import fc from 'fast-check';
import type { RolloutResponse } from '@luofleet/contracts';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout } from '../testing/rollout.fixture';
import { RolloutReconciler } from './rollout.reconciler';

/** What is refused of a host, and how its update ends. A stuck one can not even end in the record. */
const ENDS = {
  none: 'succeeded',
  command: 'failed',
  starts: 'failed',
  generation: 'failed',
  stuck: 'pending',
  absent: undefined,
} as const;
type Fault = keyof typeof ENDS;

const REFUSED: readonly { fault: string; on: string; when: string }[] = [
  { fault: 'command', on: 'INSERT ON commands', when: 'true' },
  { fault: 'rollback', on: 'INSERT ON commands', when: `NEW.phase = 'rollback'` },
  { fault: 'starts', on: 'UPDATE ON host_updates', when: `NEW.state = 'running'` },
  { fault: 'stuck', on: 'UPDATE ON host_updates', when: 'true' },
  { fault: 'absent', on: 'INSERT ON host_updates', when: 'true' },
];

describe('a host update that can not be stored', () => {
  let plane: ControlPlaneFixture;
  let runs = 0;

  beforeAll(async () => {
    plane = await createControlPlane();
    await plane.fleet.release('runtime-1.1.0');
    await run('CREATE TABLE faults (host_id uuid, fault text)');
    await run(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM faults f WHERE f.host_id = NEW.host_id AND f.fault = TG_ARGV[0])
        THEN RAISE EXCEPTION 'not this one'; END IF;
        RETURN NEW;
      END $$`);
    for (const { fault, on, when } of REFUSED)
      await run(`CREATE TRIGGER refuse_${fault} BEFORE ${on} FOR EACH ROW WHEN (${when})
        EXECUTE FUNCTION refuse('${fault}')`);
  });
  afterAll(() => plane?.stop());

  const rows = <T>(sql: string): Promise<T[]> =>
    plane.fleet.database.read('read', 'test', (client) => client.$queryRawUnsafe<T[]>(sql));
  const run = (sql: string) =>
    plane.fleet.database.read('run', 'test', (client) => client.$executeRawUnsafe(sql));
  const refuse = (hostId: string, fault: string) =>
    fault === 'generation'
      ? run(`UPDATE hosts SET generation = ${2n ** 63n - 1n} WHERE id = '${hostId}'`)
      : run(`INSERT INTO faults VALUES ('${hostId}', '${fault}')`);
  const reconcile = (id: string) => plane.running.app.get(RolloutReconciler).reconcile(id);
  const states = async (rolloutId: string): Promise<Map<string, string>> => {
    const found = await rows<{ name: string; state: string }>(`SELECT h.name, hu.state
      FROM host_updates hu JOIN hosts h ON h.id = hu.host_id WHERE hu.rollout_id = '${rolloutId}'`);
    return new Map(found.map(({ name, state }) => [name, state]));
  };
  /** A rollout over new hosts, one for each name. */
  const start = async (faults: readonly string[], strategy: object) => {
    const name = `rollout-${(runs += 1)}`;
    const names = faults.map((_fault, index) => `${name}-${String(index).padStart(3, '0')}`);
    const ids = await plane.fleet.hosts(names, () => ({ test: name }));
    for (const [index, fault] of faults.entries()) await refuse(ids[index] ?? '', fault);
    const { id } = await applyRollout(plane, { name, selector: `test=${name}`, strategy });
    return { id, name, names, ids };
  };
  const aside = (ids: readonly string[]) =>
    rows<{ kind: string; told: number }>(`SELECT kind, (SELECT count(*)::int FROM events e
        WHERE e.kind = 'set-aside' AND e.data->>'subject' = a.subject) AS told
      FROM set_aside a WHERE host_id IN (${ids.map((id) => `'${id}'`).join()})`);

  it('ends by itself in any mixture, and its rollout goes through all waves', async () => {
    const fault = fc.constantFrom<Fault>('none', 'none', 'none', ...(Object.keys(ENDS) as Fault[]));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 12 }),
        async (some, maxConcurrent) => {
          const faults = [...some, 'none' as const];
          const waves = [1, '50%'];
          const strategy = { waves, maxConcurrent, maxFailures: faults.length };
          const { id, name, names, ids } = await start(faults, strategy);
          for (let steps = 0; steps <= faults.length; steps += 1) {
            await reconcile(id);
            const now = await states(id);
            await plane.fleet.updates(id, (host) =>
              now.get(host) === 'running' ? { state: { kind: 'succeeded' } } : null,
            );
          }
          await reconcile(id);
          const ended = await states(id);
          expect(names.map((host) => ended.get(host))).toEqual(faults.map((one) => ENDS[one]));
          const bad = faults.filter((one) => one !== 'none');
          const { body } = await plane.ask<RolloutResponse>(`/api/v1/rollouts/${name}`);
          const failed = bad.some((one) => one !== 'absent');
          expect(body.state).toBe(failed ? 'failed' : 'succeeded');
          expect(await aside(ids)).toEqual(bad.map(() => ({ kind: 'host-update', told: 1 })));
          const reasons = await rows<{ reason_code: string }>(`SELECT DISTINCT reason_code
            FROM host_updates WHERE rollout_id = '${id}' AND state = 'failed'`);
          expect(reasons.every((row) => row.reason_code === 'UPDATE_NOT_STORABLE')).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('holds up no abort: the others are asked to roll back', async () => {
    const strategy = { maxConcurrent: 6, maxFailures: 6 };
    const { id, name, names, ids } = await start(Array<string>(6).fill('none'), strategy);
    await reconcile(id);
    await refuse(ids[1] ?? '', 'rollback');
    await refuse(ids[4] ?? '', 'stuck');
    await plane.ask(`/api/v1/rollouts/${name}/abort`, { method: 'POST' });
    const now = await states(id);
    const back = 'rolling-back';
    expect(names.map((host) => now.get(host))).toEqual([
      ...[back, 'failed', back, back],
      ...['running', back],
    ]);
    const asked =
      await rows(`SELECT 1 FROM commands c JOIN host_updates hu ON hu.id = c.host_update_id
      WHERE hu.rollout_id = '${id}' AND c.phase = 'rollback'`);
    expect(asked).toHaveLength(4);
    expect(await aside(ids)).toHaveLength(2);
  });

  it('holds up neither the retry nor the skip of others, nor its host leaving the fleet', async () => {
    const strategy = { maxConcurrent: 6, maxFailures: 6, waves: [1] };
    const { id, name, names, ids } = await start(['none', 'none', 'stuck', 'none'], strategy);
    const post = (path: string, body?: object) =>
      plane.ask(`/api/v1/rollouts/${name}/${path}`, { method: 'POST', body });
    expect((await post('skip', { hosts: names.slice(1) })).status).toBe(200);
    const skipped = ['pending', 'skipped', 'pending', 'skipped'];
    const now = await states(id);
    expect(names.map((host) => now.get(host))).toEqual(skipped);
    expect(
      (await plane.ask(`/api/v1/hosts/${names[2]}/decommission`, { method: 'POST' })).status,
    ).toBe(200);
    await reconcile(id);
    await refuse(ids[0] ?? '', 'stuck');
    await run(`ALTER TABLE host_updates DISABLE TRIGGER refuse_stuck`);
    await plane.fleet.updates(id, () => ({
      state: { kind: 'failed', phase: 'verify', reason: { code: 'E', detail: 'test' } },
    }));
    await run(`ALTER TABLE host_updates ENABLE TRIGGER refuse_stuck`);
    await reconcile(id);
    expect((await post('retry')).status).toBe(200);
    const again = await states(id);
    expect(names.map((host) => again.get(host))).toEqual([
      ...['failed', 'pending', 'failed', 'pending'],
    ]);
  });
});
