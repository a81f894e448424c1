// What hosts say too late, of earlier attempts or out of order: it settles the rows of its own attempt, and nothing stays
// open once a host update has ended.
import type { Page, SessionWithFilesResponse } from '@luofleet/contracts';
import fc from 'fast-check';
import { type SendableCommand, takeOpenCommands } from '@luofleet/persistence';
import { CommandResult, FileState, Outcome, Phase, SessionState } from '@luofleet/proto';
import { RolloutReconciler } from './rollout.reconciler';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout, updatesOf } from '../testing/rollout.fixture';
import { ResultRecorder } from './result.recorder';

type State = 'preserved' | 'frozen' | 'unpreserved' | 'retrieved' | 'finished' | 'failed' | 'lost';
type Known = Pick<SendableCommand, 'idempotencyKey' | 'hostId' | 'phase' | 'attempt'>;

/** What an agent reports of its sessions when a phase has gone well. */
const AFTER: Readonly<Record<string, State>> = {
  preserve: 'preserved',
  freeze: 'frozen',
  retrieve: 'retrieved',
  finish: 'finished',
  rollback: 'unpreserved',
};

describe('late truth', () => {
  let plane: ControlPlaneFixture;
  const known: Known[] = [];

  beforeAll(async () => {
    plane = await createControlPlane();
    await plane.fleet.release('runtime-1.1.0');
  });
  afterAll(() => plane?.stop());

  const rows = <T>(sql: string, ...values: unknown[]): Promise<T[]> =>
    plane.fleet.database.read('read', 'test', (client) =>
      client.$queryRawUnsafe<T[]>(sql, ...values),
    );
  const run = (sql: string, ...values: unknown[]) =>
    plane.fleet.database.read('run', 'test', (client) => client.$executeRawUnsafe(sql, ...values));

  /** Hosts and rollouts that want all of them, one after the other. */
  const begin = async (name: string, hostsTotal: number, rolloutNames: readonly string[]) => {
    const names = Array.from({ length: hostsTotal }, (_, index) => `${name}-${index}`);
    const hostIds = await plane.fleet.hosts(names, () => ({ test: name }));
    const rolloutIds: string[] = [];
    const strategy = { maxConcurrent: hostsTotal, maxFailures: hostsTotal, force: true };
    for (const rollout of rolloutNames)
      rolloutIds.push(
        (await applyRollout(plane, { name: rollout, selector: `test=${name}`, strategy })).id,
      );
    return { hostIds, rolloutIds, names };
  };
  /** Plans; hosts learn of what they are to do, as they do with their hello. */
  const plan = async (of: { hostIds: readonly string[]; rolloutIds: readonly string[] }) => {
    for (const id of of.rolloutIds) await plane.running.app.get(RolloutReconciler).reconcile(id);
    await deliver(of.hostIds);
  };
  const deliver = async (hostIds: readonly string[]) => {
    for (const hostId of hostIds)
      for (const command of await takeOpenCommands(plane.fleet.database, hostId, 'fixture'))
        if (!known.some(({ idempotencyKey }) => idempotencyKey === command.idempotencyKey))
          known.push(command);
  };
  const letDeadlinesPass = async (rolloutIds: readonly string[]) => {
    await run(`UPDATE fleet_watch SET heard_at = now(), reached_at = now(),
      silence_from = 'epoch', deadlines_from = 'epoch'`);
    await run(
      `UPDATE host_updates SET deadline_at = now() - interval '1 hour', version = version + 1
       WHERE rollout_id = ANY($1::uuid[]) AND deadline_at IS NOT NULL`,
      rolloutIds,
    );
  };
  const say = async (
    command: Known,
    outcome: Outcome = Outcome.OUTCOME_SUCCEEDED,
    state: State | null = AFTER[command.phase] ?? null,
  ) => {
    await plane.running.app
      .get(ResultRecorder)
      .record(command.hostId, resultOf(command, outcome, state));
    await deliver([command.hostId]);
  };
  const find = (hostId: string, phase: string, attempt = 1): Known => {
    const command = known.find(
      (one) => one.hostId === hostId && one.phase === phase && one.attempt === attempt,
    );
    if (!command) throw new Error(`the host does not know of ${phase}, attempt ${attempt}`);
    return command;
  };
  const act = (rollout: string, action: string) =>
    plane.ask(`/api/v1/rollouts/${rollout}/${action}`, { method: 'POST' });
  const kept = (hostId: string, attempt = 1) =>
    rows(
      `SELECT s.state::text AS session, s.assumed, f.state::text AS file, f.reason_code AS reason
       FROM sessions s JOIN preserved_files f ON f.session_id = s.id
       WHERE s.host_id = $1::uuid AND s.attempt = $2`,
      hostId,
      attempt,
    );
  /** The first session of the host as an operator sees it. */
  const shown = async (hostId: string) => {
    const path = `/api/v1/hosts/${hostId}/sessions`;
    return (await plane.ask<Page<SessionWithFilesResponse>>(path)).body.items.at(-1);
  };
  const OPEN_FILES = `NOT IN ('finished', 'unpreserved', 'failed', 'lost')`;
  /** What of these hosts is open, although its host update has ended. */
  const openOf = (hostIds: readonly string[]) =>
    rows<{ what: string; state: string; update: string }>(
      `SELECT 'command ' || c.phase AS what, c.state::text, hu.state AS update FROM commands c JOIN host_updates hu ON hu.id = c.host_update_id
         WHERE c.host_id = ANY($1::uuid[]) AND c.state IN ('queued', 'sent', 'accepted')
       UNION ALL SELECT 'session', s.state::text, hu.state FROM sessions s JOIN host_updates hu ON hu.id = s.host_update_id
         WHERE s.host_id = ANY($1::uuid[]) AND s.state ${OPEN_FILES}
       UNION ALL SELECT 'file', f.state::text, hu.state FROM preserved_files f JOIN sessions s ON s.id = f.session_id
         JOIN host_updates hu ON hu.id = s.host_update_id
         WHERE s.host_id = ANY($1::uuid[]) AND f.state ${OPEN_FILES}`,
      hostIds,
    );

  /** A host that is given up when it does not answer `phase`. */
  const lostIn = async (name: string, phase: string) => {
    const of = await begin(name, 1, [name]);
    const [hostId = ''] = of.hostIds;
    await plan(of);
    for (const done of ['preflight', 'preserve', 'freeze', 'reboot', 'retrieve', 'finish']) {
      if (done === phase) break;
      await say(find(hostId, done));
    }
    await letDeadlinesPass(of.rolloutIds);
    await plan(of);
    expect((await updatesOf(plane, name))[0]).toMatchObject({ state: 'lost', phase });
    return { ...of, hostId };
  };

  it('of a first attempt ends what that attempt kept, while the second one is under way', async () => {
    const of = await lostIn('first', 'finish');
    expect(await kept(of.hostId)).toEqual([
      { session: 'lost', assumed: true, file: 'lost', reason: 'UPDATE_ENDED' },
    ]);
    expect(await shown(of.hostId)).toMatchObject({
      ...{ state: 'lost', assumed: true, files: [{ state: 'lost', assumed: true }] },
    });
    await act('first', 'retry');
    await plan(of);
    await say(find(of.hostId, 'preflight', 2));
    await say(find(of.hostId, 'preserve', 2));
    await say(find(of.hostId, 'finish', 1));
    expect(await kept(of.hostId)).toEqual([
      { session: 'finished', assumed: false, file: 'finished', reason: '' },
    ]);
    expect(await shown(of.hostId)).toMatchObject({ assumed: false, files: [{ assumed: false }] });
    expect(await kept(of.hostId, 2)).toMatchObject([{ session: 'preserved', file: 'preserved' }]);
    expect(
      await rows(
        'SELECT state::text FROM commands WHERE idempotency_key = $1',
        find(of.hostId, 'finish', 1).idempotencyKey,
      ),
    ).toEqual([{ state: 'succeeded' }]);
  });

  it('of a command that was voided when its update ended is believed', async () => {
    const { hostId } = await lostIn('voided', 'reboot');
    expect(await openOf([hostId])).toEqual([]);
    await say(find(hostId, 'retrieve'));
    await say(find(hostId, 'finish'));
    await say(find(hostId, 'verify'));
    expect((await updatesOf(plane, 'voided'))[0]).toMatchObject({ state: 'succeeded' });
    expect(await kept(hostId)).toMatchObject([{ session: 'finished', assumed: false }]);
    expect(await openOf([hostId])).toEqual([]);
  });

  it('that was overtaken sets nothing back', async () => {
    const of = await begin('overtaken', 1, ['overtaken']);
    const [hostId = ''] = of.hostIds;
    await plan(of);
    for (const phase of ['preflight', 'preserve', 'retrieve', 'freeze'])
      await say(find(hostId, phase));
    expect(await kept(hostId)).toMatchObject([{ session: 'retrieved', file: 'retrieved' }]);
  });

  it('that was preserved, of an attempt that was rolled back, leaves nothing open', async () => {
    const of = await begin('undone', 1, ['undone']);
    const [hostId = ''] = of.hostIds;
    await plan(of);
    await say(find(hostId, 'preflight'));
    await letDeadlinesPass(of.rolloutIds);
    await plan(of);
    await say(find(hostId, 'rollback'), Outcome.OUTCOME_SUCCEEDED, null);
    await say(find(hostId, 'preserve'));
    expect(await kept(hostId)).toMatchObject([
      { session: 'unpreserved', assumed: true, file: 'unpreserved' },
    ]);
  });

  it('is still asked for in finish, until another update begins on the host', async () => {
    const { hostId, hostIds } = await lostIn('asked', 'finish');
    expect(await openOf([hostId])).toMatchObject([{ what: 'command finish', update: 'lost' }]);
    const next = await applyRollout(plane, {
      name: 'asked-next',
      selector: 'test=asked',
      strategy: {},
    });
    await plan({ hostIds, rolloutIds: [next.id] });
    expect(await openOf([hostId])).toMatchObject([
      { what: 'command preflight', update: 'running' },
    ]);
  });

  const step = fc.record({
    op: fc.oneof(
      { weight: 12, arbitrary: fc.constant('well' as const) },
      { weight: 6, arbitrary: fc.constant('anything' as const) },
      { weight: 3, arbitrary: fc.constantFrom('deadlines' as const, 'plan' as const) },
      { weight: 2, arbitrary: fc.constantFrom('retry' as const, 'abort' as const) },
    ),
    pick: fc.nat(),
    rollout: fc.nat({ max: 1 }),
    outcome: fc.constantFrom(
      Outcome.OUTCOME_SUCCEEDED,
      Outcome.OUTCOME_ROLLED_BACK,
      Outcome.OUTCOME_FAILED,
      Outcome.OUTCOME_REFUSED,
      Outcome.OUTCOME_STATE_LOST,
      Outcome.OUTCOME_VOIDED,
    ),
    state: fc.constantFrom<State | null>(
      ...(['preserved', 'frozen', 'unpreserved', 'retrieved', 'finished', 'failed'] as const),
      null,
    ),
  });
  let runs = 0;

  it('leaves nothing open, whatever comes in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        runs += 1;
        const rollouts = [`any-${runs}-a`, `any-${runs}-b`];
        const of = await begin(`any-${runs}`, 2, rollouts);
        await plan(of);
        const mine = () => known.filter(({ hostId }) => of.hostIds.includes(hostId));
        const said = new Set<string>();
        for (const { op, pick, rollout, outcome, state } of steps) {
          const all = mine();
          const unsaid = all.filter(({ idempotencyKey }) => !said.has(idempotencyKey));
          const command = op === 'well' ? unsaid[0] : all[pick % all.length];
          if (command && op === 'well') await say(command);
          if (command && op === 'anything') await say(command, outcome, state);
          if (command && (op === 'well' || op === 'anything')) said.add(command.idempotencyKey);
          if (op === 'retry' || op === 'abort') await act(rollouts[rollout] ?? '', op);
          if (op === 'deadlines') await letDeadlinesPass(of.rolloutIds);
          if (op !== 'well' && op !== 'anything') await plan(of);
        }
        // All ends: what is pending is cancelled, what is in flight is given up.
        for (const rollout of rollouts) await act(rollout, 'abort');
        await endAll(of);
        const open = await openOf(of.hostIds);
        expect(open.filter(({ what, update }) => !isAskedAgain(what, update))).toEqual([]);
        for (const name of of.names)
          await plane.ask(`/api/v1/hosts/${name}/decommission`, { method: 'POST' });
        expect(await openOf(of.hostIds)).toEqual([]);
        for (const command of mine()) await say(command, Outcome.OUTCOME_SUCCEEDED, 'preserved');
        expect(await openOf(of.hostIds)).toEqual([]);
      }),
      { numRuns: 20, endOnFailure: true },
    );
  }, 300_000);

  const endAll = async (of: { hostIds: readonly string[]; rolloutIds: readonly string[] }) => {
    for (let round = 0; round < 20; round += 1) {
      const [open] = await rows<{ n: number }>(
        `SELECT count(*)::int AS n FROM host_updates WHERE rollout_id = ANY($1::uuid[])
           AND state IN ('pending', 'running', 'rolling-back', 'held')`,
        of.rolloutIds,
      );
      if (open?.n === 0) return;
      await run(
        `UPDATE host_updates SET retry_at = now(), version = version + 1
         WHERE rollout_id = ANY($1::uuid[]) AND state = 'held'`,
        of.rolloutIds,
      );
      await letDeadlinesPass(of.rolloutIds);
      await plan(of);
    }
    throw new Error('the host updates do not end');
  };
});

/** What a lost host is asked when it is back. */
function isAskedAgain(what: string, update: string): boolean {
  return (
    update === 'lost' && ['command finish', 'command verify', 'command rollback'].includes(what)
  );
}

function resultOf({ idempotencyKey, phase }: Known, outcome: Outcome, state: State | null) {
  const word = state?.toUpperCase() ?? '';
  return CommandResult.create({
    idempotencyKey,
    phase: Phase[`PHASE_${phase.toUpperCase()}` as keyof typeof Phase],
    outcome,
    reason: { code: 'SAID', detail: 'so', errnoCode: '', errno: 0, subject: '' },
    sessions:
      state === null
        ? []
        : [
            {
              name: 'kv',
              workload: 'kv',
              state: SessionState[`SESSION_STATE_${word}` as keyof typeof SessionState],
              files: [
                {
                  token: 1n,
                  name: 'store',
                  compatible: 'memfd-v1',
                  dataHandle: 1n,
                  state: FileState[`FILE_STATE_${word}` as keyof typeof FileState],
                  sizeBytes: 1n,
                  reason: undefined,
                },
              ],
            },
          ],
  });
}
