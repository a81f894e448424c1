import type { Command } from '@luofleet/proto';
import { FileState, Outcome, Phase, SessionState } from '@luofleet/proto';
import { createControlPlane, type ControlPlaneFixture } from '../testing/control-plane.fixture';
import { ScriptedAgent, type Script, succeed } from '../testing/scripted-agent';
import { applyRollout, rolloutIn, updatesOf } from '../testing/rollout.fixture';

const U64_MAX = 18_446_744_073_709_551_615n;
const PHASES = ['preflight', 'preserve', 'freeze', 'reboot', 'retrieve', 'finish', 'verify'];

const oneSession = (state: SessionState, fileState: FileState) => [
  {
    name: 'kv',
    workload: 'kv',
    state,
    files: [
      {
        token: U64_MAX,
        name: 'store',
        compatible: 'memfd-v1',
        dataHandle: U64_MAX - 1n,
        state: fileState,
        reason: undefined,
        sizeBytes: 4096n,
      },
    ],
  },
];

/** Succeeds, with the sessions, blackout and version that a real host reports. */
const real: Script = ({ phase, release }) => ({
  outcome: Outcome.OUTCOME_SUCCEEDED,
  ...(phase === Phase.PHASE_PRESERVE && {
    sessions: oneSession(SessionState.SESSION_STATE_PRESERVED, FileState.FILE_STATE_PRESERVED),
  }),
  ...(phase === Phase.PHASE_RETRIEVE && {
    sessions: oneSession(SessionState.SESSION_STATE_RETRIEVED, FileState.FILE_STATE_RETRIEVED),
    frozenAtMs: 1_700_000_000_000n,
    resumedAtMs: 1_700_000_000_042n,
    blackoutMs: 41.5,
    runningVersion: release?.version ?? '',
    bootId: 'boot-2',
  }),
});

describe('a rollout over scripted agents', () => {
  let plane: ControlPlaneFixture;
  const agents: ScriptedAgent[] = [];

  beforeAll(async () => {
    plane = await createControlPlane(
      { SWEEP_INTERVAL_MS: '200', HEARTBEAT_INTERVAL_MS: '200', OFFLINE_AFTER_MS: '2000' },
      'all',
    );
    await plane.fleet.release('runtime-1.1.0');
  });
  afterEach(() => {
    for (const agent of agents.splice(0)) agent.disconnect();
  });
  afterAll(() => plane.stop());

  const connect = async (name: string, script: Script = real): Promise<ScriptedAgent> => {
    const agent = new ScriptedAgent(name, script, { labels: { test: name.replace(/-\d+$/, '') } });
    agents.push(agent);
    return agent.connect(plane.running.grpcPort);
  };
  const apply = (name: string, strategy: object = {}) =>
    applyRollout(plane, { name, selector: `test=${name}`, strategy });

  it('takes every host through its phases and records what they report', async () => {
    const hosts = await Promise.all(['happy-1', 'happy-2', 'happy-3'].map((name) => connect(name)));
    await apply('happy', { waves: [1], maxConcurrent: 1 });
    const rollout = await rolloutIn(plane, 'happy', 'succeeded');
    expect(rollout.hosts.byState).toEqual({ succeeded: 3 });
    expect(rollout.waves.map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
    expect(rollout.blackoutMs).toEqual({ count: 3, p50: 41.5, p99: 41.5, max: 41.5 });
    for (const host of hosts) {
      expect(host.phases()).toEqual(PHASES);
      expect(host.recorded).toHaveLength(7);
      const key = (phase: string) => host.commands.find((c) => c.idempotencyKey.includes(phase));
      expect(key('reboot')?.afterKey).toBe(key('freeze')?.idempotencyKey);
      expect(key('retrieve')?.afterKey).toBe(key('reboot')?.idempotencyKey);
      expect(host.commands.map(({ generation }) => generation)).toEqual(Array(7).fill(1n));
    }
    const files = await plane.ask<{
      items: { token: string; dataHandle: string; state: string }[];
    }>('/api/v1/files?rollout=happy');
    expect(files.body.items).toHaveLength(3);
    expect(files.body.items[0]).toMatchObject({
      token: '0xffffffffffffffff',
      dataHandle: '0xfffffffffffffffe',
      state: 'finished',
    });
    const host = await plane.ask('/api/v1/hosts/happy-1');
    expect(host.body).toMatchObject({ runningVersion: '1.1.0', bootId: 'boot-2', generation: 1 });
  });

  it('records a rollback and pauses the rollout when the failure budget is spent', async () => {
    const fails: Script = ({ phase }) =>
      phase === Phase.PHASE_FREEZE
        ? {
            outcome: Outcome.OUTCOME_ROLLED_BACK,
            reason: { code: 'FREEZE_FAILED', detail: 'file 0x1f is busy' },
          }
        : phase === Phase.PHASE_REBOOT || phase === Phase.PHASE_RETRIEVE
          ? { outcome: Outcome.OUTCOME_VOIDED }
          : { outcome: Outcome.OUTCOME_SUCCEEDED };
    const first = await connect('budget-1', fails);
    const second = await connect('budget-2', fails);
    await apply('budget', { maxConcurrent: 1 });
    const rollout = await rolloutIn(plane, 'budget', 'paused');
    expect(rollout.reason).toMatchObject({ code: 'FAILURE_BUDGET_SPENT' });
    expect(rollout.hosts.byState).toEqual({ 'rolled-back': 1, pending: 1 });
    expect(second.commands).toEqual([]);
    const [failed] = await updatesOf(plane, 'budget');
    expect(failed).toMatchObject({
      hostName: 'budget-1',
      phase: 'freeze',
      reason: { code: 'FREEZE_FAILED', detail: 'file 0x1f is busy' },
    });
    // A retry is a new attempt with a higher generation.
    first.script = real;
    second.script = real;
    await plane.ask('/api/v1/rollouts/budget/retry', { method: 'POST' });
    await rolloutIn(plane, 'budget', 'succeeded');
    expect(first.commands.at(-1)).toMatchObject({ attempt: 2, generation: 2n });
  });

  it('holds a refused finish and asks again', async () => {
    let refusals = 2;
    const agent = await connect('held-1', (command) =>
      command.phase === Phase.PHASE_FINISH && refusals-- > 0
        ? { outcome: Outcome.OUTCOME_REFUSED, reason: { code: 'EBUSY', detail: 'in use' } }
        : real(command),
    );
    await apply('held', { finishRetry: '50ms' });
    await rolloutIn(plane, 'held', 'succeeded');
    expect(
      agent.commands.filter(({ phase }) => phase === Phase.PHASE_FINISH).map(lastPart),
    ).toEqual(['1', '2', '3']);
  });

  it('gives a host up whose answer does not come, and believes it when it comes after all', async () => {
    let late: Command | undefined;
    const agent = await connect('late-1', (command) => {
      if (command.phase !== Phase.PHASE_REBOOT)
        return command.phase === Phase.PHASE_RETRIEVE ? null : real(command);
      late = command;
      return null;
    });
    await apply('late', { phaseTimeouts: { reboot: '100ms', retrieve: '100ms' } });
    await rolloutIn(plane, 'late', 'failed');
    expect((await updatesOf(plane, 'late'))[0]).toMatchObject({ state: 'lost', phase: 'reboot' });
    agent.script = real;
    const retrieve = agent.commands.find(({ phase }) => phase === Phase.PHASE_RETRIEVE);
    if (late) agent.answer(late, { outcome: Outcome.OUTCOME_SUCCEEDED });
    if (retrieve) agent.answer(retrieve, real(retrieve) ?? {});
    await rolloutIn(plane, 'late', 'succeeded');
  }, 60_000);

  it('rolls back what was preserved when the rollout is aborted', async () => {
    const agent = await connect('abort-1', (command) =>
      command.phase === Phase.PHASE_PRESERVE ? null : succeed(command),
    );
    await connect('abort-2');
    await apply('abort', { maxConcurrent: 1 });
    await agent.until(() => agent.phases().includes('preserve'));
    const answer = await plane.ask('/api/v1/rollouts/abort/abort', { method: 'POST' });
    expect(answer.status).toBe(200);
    const rollout = await rolloutIn(plane, 'abort', 'aborted');
    expect(rollout.hosts.byState).toEqual({ 'rolled-back': 1, cancelled: 1 });
    expect(agent.phases()).toEqual(['preflight', 'preserve', 'rollback']);
  });
});

function lastPart({ idempotencyKey }: Command): string | undefined {
  return idempotencyKey.split('/').at(-1);
}
