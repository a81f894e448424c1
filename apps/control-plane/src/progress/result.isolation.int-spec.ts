// Results of which a part can not be stored: everything else of them is, and every one is answered.
import fc from 'fast-check';
import {
  CommandResult,
  FileState,
  Outcome,
  Phase,
  RESULT_FILES_MAX,
  SessionState,
} from '@luofleet/proto';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout } from '../testing/rollout.fixture';
import { RolloutReconciler } from './rollout.reconciler';
import { ResultRecorder } from './result.recorder';

const HOSTS = 60;
const PAST_U64 = 10n ** 20n;
const PAST_TIME = 10n ** 18n;
const U64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

interface Asked {
  readonly idempotencyKey: string;
  readonly hostId: string;
}

describe('a result that can not be stored as it is', () => {
  let plane: ControlPlaneFixture;
  let asked: Asked[];

  beforeAll(async () => {
    plane = await createControlPlane();
    await plane.fleet.release('runtime-1.1.0');
    await plane.fleet.hosts(Array.from({ length: HOSTS }, (_, index) => `host-${index}`));
    const { id } = await applyRollout(plane, {
      name: 'odd',
      selector: '',
      strategy: { maxConcurrent: HOSTS, maxFailures: HOSTS },
    });
    await plane.running.app.get(RolloutReconciler).reconcile(id);
    asked = await rows<Asked>(
      `SELECT idempotency_key AS "idempotencyKey", host_id AS "hostId" FROM commands`,
    );
    // What no cleaning at the border foresees: the database itself refuses rows that are marked.
    await run(`CREATE FUNCTION refuse_marked() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF row_to_json(NEW)::text LIKE '%marked%' THEN RAISE EXCEPTION 'not this one'; END IF;
        RETURN NEW;
      END $$`);
    for (const table of ['sessions', 'preserved_files', 'host_updates', 'commands', 'hosts'])
      await run(`CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON ${table}
        FOR EACH ROW EXECUTE FUNCTION refuse_marked()`);
  });
  afterAll(() => plane?.stop());

  const rows = <T>(sql: string): Promise<T[]> =>
    plane.fleet.database.read('read', 'test', (client) => client.$queryRawUnsafe<T[]>(sql));
  const run = (sql: string) =>
    plane.fleet.database.read('run', 'test', (client) => client.$executeRawUnsafe(sql));
  const record = (command: Asked, result: Partial<CommandResult>) =>
    plane.running.app.get(ResultRecorder).record(
      command.hostId,
      CommandResult.create({
        idempotencyKey: command.idempotencyKey,
        phase: Phase.PHASE_PREFLIGHT,
        outcome: Outcome.OUTCOME_SUCCEEDED,
        ...result,
      }),
    );
  const next = (): Asked => {
    const command = asked.pop();
    if (!command) throw new Error('no host is left to report');
    return command;
  };

  const file = fc.record({ token: U64, bad: fc.constantFrom('', '', 'token', 'name') });
  const session = fc.record({
    bad: fc.boolean(),
    files: fc.uniqueArray(file, { selector: ({ token }) => token, maxLength: 4 }),
  });
  const odd = fc.record({
    sessions: fc.array(session, { maxLength: 4 }),
    succeeded: fc.boolean(),
    facts: fc.constantFrom('1.0.0', 'marked'),
    detail: fc.constantFrom('busy', 'marked'),
    finishedAtMs: fc.constantFrom(1_700_000_000_000n, PAST_TIME),
  });

  it('loses what is refused of it and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(odd, async (of) => {
        const command = next();
        const { sessions, files, bad } = reportOf(of.sessions);
        await record(command, {
          outcome: of.succeeded ? Outcome.OUTCOME_SUCCEEDED : Outcome.OUTCOME_REFUSED,
          reason: { code: 'BUSY', detail: of.detail, errnoCode: '', errno: 0, subject: '' },
          ...{ sessions, finishedAtMs: of.finishedAtMs, runningVersion: of.facts },
        });
        const where = `hu.id::text = split_part('${command.idempotencyKey}', '/', 1)`;
        expect(
          await rows(`SELECT c.state::text AS command, hu.state FROM commands c
            JOIN host_updates hu ON hu.id = c.host_update_id AND ${where} WHERE c.phase = 'preflight'`),
        ).toEqual([
          of.succeeded
            ? { command: 'succeeded', state: 'running' }
            : { command: 'refused', state: 'rolled-back' },
        ]);
        const stored = await rows<{ file: string }>(`SELECT s.name || '/' || f.token AS file
          FROM sessions s JOIN host_updates hu ON hu.id = s.host_update_id AND ${where}
          LEFT JOIN preserved_files f ON f.session_id = s.id`);
        expect(stored.flatMap(({ file: name }) => name ?? []).sort()).toEqual(files.sort());
        const aside = await rows<{ kind: string; subject: string }>(`SELECT kind, subject
          FROM set_aside WHERE subject LIKE '${command.idempotencyKey}%'`);
        expect(aside.filter(({ kind }) => kind !== 'result')).toHaveLength(bad);
        const endRefused =
          of.finishedAtMs === PAST_TIME || (!of.succeeded && of.detail === 'marked');
        expect(
          aside
            .filter(({ kind }) => kind === 'result')
            .map(({ subject }) => subject.split(' ').slice(1).join(' '))
            .sort(),
        ).toEqual([
          ...(of.facts === 'marked' ? ['host facts'] : []),
          ...(endRefused ? ['outcome'] : []),
        ]);
        const told = await rows(`SELECT 1 FROM events e
          WHERE e.kind = 'set-aside' AND e.data->>'subject' LIKE '${command.idempotencyKey}%'`);
        expect(told).toHaveLength(aside.length);
      }),
      { numRuns: 40 },
    );
  });

  it('is set aside whole where nothing of it can be stored, and its command ends', async () => {
    const command = next();
    await run(`CREATE TRIGGER stuck BEFORE UPDATE ON host_updates FOR EACH ROW
      WHEN (NEW.host_id = '${command.hostId}') EXECUTE FUNCTION events_refuse_change()`);
    await record(command, {});
    await run('DROP TRIGGER stuck ON host_updates');
    expect(
      await rows(`SELECT state::text, reason_code FROM commands
        WHERE idempotency_key = '${command.idempotencyKey}'`),
    ).toEqual([{ state: 'failed', reason_code: 'RESULT_NOT_STORABLE' }]);
    expect(
      await rows(`SELECT reason_code FROM set_aside
        WHERE subject = '${command.idempotencyKey} result'`),
    ).toEqual([{ reason_code: 'SQLSTATE_23001' }]);
    const metrics = await plane.ask('/metrics');
    expect(metrics.text).toMatch(/luofleet_set_aside\{kind="result"\} [1-9]/);
  });

  it.each([
    ['commands', `NEW.phase = 'preserve'`, 'rolling-back'],
    ['commands', 'true', 'failed'],
    ['host_updates', `NEW.phase = 'preserve'`, 'rolling-back'],
  ])('lets its host update wait for nothing: %s with %s', async (table, when, state) => {
    const command = next();
    await run(`CREATE TRIGGER stuck BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW
      WHEN (NEW.host_id = '${command.hostId}' AND (${when}) AND NEW.state::text <> 'failed')
      EXECUTE FUNCTION events_refuse_change()`);
    const { plan } = await record(command, {});
    await run(`DROP TRIGGER stuck ON ${table}`);
    const update = `split_part('${command.idempotencyKey}', '/', 1)`;
    expect(
      await rows(`SELECT hu.id::text = ${update} AND hu.rollout_id = '${plan.join()}' AS woken, hu.state,
          hu.reason_code, hu.reason_detail, c.state::text AS command
        FROM host_updates hu JOIN commands c ON c.idempotency_key = '${command.idempotencyKey}'
        WHERE hu.id::text = ${update}`),
    ).toEqual([
      {
        ...{ woken: true, state, reason_code: 'RESULT_NOT_STORABLE', command: 'failed' },
        reason_detail: expect.stringMatching(/result of preflight .*SQLSTATE 23001.* set aside/),
      },
    ]);
    const rollbacks = await rows(`SELECT 1 FROM commands
      WHERE host_update_id::text = ${update} AND phase = 'rollback'`);
    expect(rollbacks).toHaveLength(state === 'failed' ? 0 : 1);
  });

  it('of an earlier attempt costs the attempt that runs nothing', async () => {
    const command = next();
    const update = `split_part('${command.idempotencyKey}', '/', 1)`;
    await run(
      `UPDATE host_updates SET attempt = 2, version = version + 1 WHERE id::text = ${update}`,
    );
    await run(`CREATE TRIGGER stuck BEFORE UPDATE ON commands FOR EACH ROW
      WHEN (NEW.host_id = '${command.hostId}' AND NEW.outcome = 'succeeded')
      EXECUTE FUNCTION events_refuse_change()`);
    await record(command, {});
    await run('DROP TRIGGER stuck ON commands');
    expect(await rows(`SELECT state FROM host_updates WHERE id::text = ${update}`)).toEqual([
      { state: 'running' },
    ]);
  });

  it('is stored with as many files as a result may have, and says how many were left out', async () => {
    const command = next();
    const files = Array.from({ length: RESULT_FILES_MAX }, (_, token) => ({
      ...{ token: BigInt(token), name: 'store', compatible: 'memfd-v1', dataHandle: 1n },
      ...{ state: FileState.FILE_STATE_PRESERVED, sizeBytes: 1n, reason: undefined },
    }));
    const state = SessionState.SESSION_STATE_PRESERVED;
    const sessions = [{ name: 'all', workload: 'kv', state, files }];
    await record(command, { sessions, leftOutFiles: 7 });
    const update = `split_part('${command.idempotencyKey}', '/', 1)`;
    expect(
      await rows(`SELECT count(*)::int AS n FROM preserved_files f JOIN sessions s ON s.id = f.session_id
        WHERE s.host_update_id::text = ${update}`),
    ).toEqual([{ n: RESULT_FILES_MAX }]);
    expect(
      await rows(`SELECT reason_code, data->'leftOutFiles' AS n FROM events
        WHERE kind = 'result-cut' AND host_update_id::text = ${update}`),
    ).toEqual([{ reason_code: 'RESULT_TOO_LARGE', n: 7 }]);
  });

  it('is kept whole when only its text can not be', async () => {
    const command = next();
    await record(command, {
      outcome: Outcome.OUTCOME_REFUSED,
      reason: { code: 'BUSY', detail: 'busy\u0000\ud800', errnoCode: '', errno: 0, subject: '' },
    });
    const update = `split_part('${command.idempotencyKey}', '/', 1)`;
    expect(await rows(`SELECT state FROM host_updates WHERE id::text = ${update}`)).toEqual([
      { state: 'rolled-back' },
    ]);
  });

  it('does not end the stream when its key is no key', async () => {
    await expect(record({ ...next(), idempotencyKey: 'a\u0000' }, {})).resolves.toMatchObject({
      issued: [],
    });
  });
});

/** A report, the files of it that can be stored, and how many of its members can not. */
function reportOf(
  of: readonly {
    readonly bad: boolean;
    readonly files: readonly { readonly token: bigint; readonly bad: string }[];
  }[],
) {
  const sessions = of.map((session, index) => ({
    name: `${session.bad ? 'marked' : 'session'}-${index}`,
    workload: 'kv',
    state: SessionState.SESSION_STATE_PRESERVED,
    files: session.files.map(({ token, bad }) => ({
      token: bad === 'token' ? PAST_U64 + token : token,
      name: bad === 'name' ? 'marked' : 'store',
      compatible: 'memfd-v1',
      dataHandle: 1n,
      state: FileState.FILE_STATE_PRESERVED,
      sizeBytes: 1n,
      reason: undefined,
    })),
  }));
  const sound = of.flatMap((session, index) => (session.bad ? [] : [{ session, index }]));
  return {
    sessions,
    files: sound.flatMap(({ session, index }) =>
      session.files.filter(({ bad }) => bad === '').map(({ token }) => `session-${index}/${token}`),
    ),
    bad:
      of.length -
      sound.length +
      sound.reduce(
        (sum, { session }) => sum + session.files.filter(({ bad }) => bad !== '').length,
        0,
      ),
  };
}
