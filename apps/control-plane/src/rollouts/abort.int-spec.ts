// Once an abort is stored, nothing that leads into the blackout goes to a host that can still be undone.
import { CommandResult, Outcome, Phase } from '@luofleet/proto';
import { lockRollout, passFence } from '@luofleet/persistence';
import { ResultRecorder } from '../progress/result.recorder';
import { FollowUps } from '../progress/follow-ups';
import { RolloutReconciler } from '../progress/rollout.reconciler';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout, rolloutIn, updatesOf } from '../testing/rollout.fixture';
import { ScriptedAgent, succeed } from '../testing/scripted-agent';

describe('an abort', () => {
  let plane: ControlPlaneFixture;
  let hosts = 0;

  beforeAll(async () => {
    // No Redis, so no jobs: what the sweep does then is done here.
    plane = await createControlPlane({
      REDIS_URL: 'redis://127.0.0.1:1',
      SWEEP_INTERVAL_MS: '100',
    });
    await plane.fleet.release('runtime-1.1.0');
  });
  afterAll(() => plane?.stop());

  const plan = (id: string) => plane.running.app.get(FollowUps).planNow(id, { wait: true });
  /** The rollout once its rollback is recorded and it was planned again. */
  const aborted = async (agent: ScriptedAgent, name: string) => {
    await agent.until(() => agent.recorded.some((key) => key.includes('/rollback/')));
    await plan(agent.commands[0]?.rolloutId ?? '');
    return rolloutIn(plane, name, 'aborted');
  };
  const connect = async (script: ScriptedAgent['script']) => {
    const name = `host-${(hosts += 1)}`;
    const agent = new ScriptedAgent(name, script, { labels: { test: name } });
    await agent.connect(plane.running.grpcPort);
    const { id } = await applyRollout(plane, { name, selector: `test=${name}`, strategy: {} });
    await plan(id);
    return { agent, name };
  };
  const abort = (name: string) => plane.ask(`/api/v1/rollouts/${name}/abort`, { method: 'POST' });
  const rows = <T>(sql: string): Promise<T[]> =>
    plane.fleet.database.read('read', 'test', (client) => client.$queryRawUnsafe<T[]>(sql));

  it('undoes a host whose stream is here, without Redis', async () => {
    const { agent, name } = await connect((command) =>
      command.phase === Phase.PHASE_PRESERVE ? null : succeed(command),
    );
    await agent.until(() => agent.phases().includes('preserve'));
    await abort(name);
    await aborted(agent, name);
    expect(agent.phases()).toEqual(['preflight', 'preserve', 'rollback']);
    agent.disconnect();
  });

  it('is a fence to a result that comes between it and its being carried out', async () => {
    const { agent, name } = await connect((command) =>
      command.phase === Phase.PHASE_PRESERVE ? null : succeed(command),
    );
    await agent.until(() => agent.phases().includes('preserve'));
    // As stored by a replica that ends right after.
    await rows(`UPDATE rollouts SET state = 'aborting', reason_code = 'ABORT_REQUESTED',
      version = version + 1 WHERE name = '${name}'`);
    const preserve = agent.commands.at(-1);
    if (preserve) agent.answer(preserve, { outcome: Outcome.OUTCOME_SUCCEEDED });
    await aborted(agent, name);
    expect(agent.phases()).toEqual(['preflight', 'preserve', 'rollback']);
    expect((await updatesOf(plane, name))[0]).toMatchObject({ state: 'rolled-back' });
    // Not stored, either: what is not sent of it would be this fence's luck.
    expect(
      await rows(`SELECT c.phase FROM commands c JOIN host_updates hu ON hu.id = c.host_update_id
        WHERE hu.rollout_id = '${preserve?.rolloutId}' AND c.phase = 'freeze'`),
    ).toEqual([]);
    agent.disconnect();
  });

  it('waits for a result that is being stored, and undoes what that asked for', async () => {
    const { agent, name } = await connect(() => null);
    await agent.until(() => agent.commands.length === 1);
    const [rollout] = await rows<{ id: string }>(`SELECT id FROM rollouts WHERE name = '${name}'`);
    const id = rollout?.id ?? '';
    const { asked: done } = await plane.fleet.database.transaction('pass', 'test', async (unit) => {
      expect(await passFence(unit, id)).toBe('running');
      const asked = abort(name);
      // The abort stands at the fence once somebody waits for a lock of that kind.
      for (;;) {
        const waiting =
          await rows(`SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
          WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()`);
        if (waiting.length > 0) break;
      }
      const state = await unit.client.rollout.findUnique({
        where: { id },
        select: { state: true },
      });
      expect(state).toEqual({ state: 'running' });
      return { asked };
    });
    await done;
    await agent.until(() => agent.phases().includes('rollback'));
    const rollback = agent.commands.at(-1);
    if (rollback) agent.answer(rollback, { outcome: Outcome.OUTCOME_SUCCEEDED });
    await aborted(agent, name);
    agent.disconnect();
  });

  it('keeps commands from being sent that were stored before it', async () => {
    const { agent, name } = await connect((command) =>
      command.phase === Phase.PHASE_PRESERVE ? null : succeed(command),
    );
    await agent.until(() => agent.phases().includes('preserve'));
    const preserve = agent.commands.at(-1);
    if (!preserve) throw new Error('nothing was asked');
    agent.disconnect();
    await agent.until(() => agent.ended);
    // Freeze and what follows it are stored, and nobody has been told.
    await plane.running.app.get(ResultRecorder).record(
      agent.hostId,
      CommandResult.create({
        ...{ idempotencyKey: preserve.idempotencyKey, phase: preserve.phase },
        outcome: Outcome.OUTCOME_SUCCEEDED,
      }),
    );
    const id = preserve.rolloutId;
    // The planner does not get to it: somebody has the rollout.
    await plane.fleet.database.transaction('hold', 'test', async (unit) => {
      await rows(`UPDATE rollouts SET state = 'aborting', reason_code = 'ABORT_REQUESTED',
        version = version + 1 WHERE id = '${id}'`);
      await lockRollout(unit, id);
      await agent.connect(plane.running.grpcPort);
      agent.heartbeat();
      const reconciled = await plane.running.app.get(RolloutReconciler).reconcile(id);
      expect(reconciled).toBe('locked');
    });
    await plan(id);
    await aborted(agent, name);
    expect(agent.phases()).toEqual(['preflight', 'preserve', 'rollback']);
    agent.disconnect();
  });
});
