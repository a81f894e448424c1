// One host, two rollouts: what is late or lost in one must not stand in the other's way.
import { type Command, Outcome, Phase } from '@luofleet/proto';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout, rolloutIn, updatesOf } from '../testing/rollout.fixture';
import { ScriptedAgent, succeed } from '../testing/scripted-agent';

describe('a host that two rollouts want', () => {
  let plane: ControlPlaneFixture;
  let agent: ScriptedAgent;

  beforeAll(async () => {
    // The grace after a start or a stall is as long as hosts may be silent.
    const settings = { HEARTBEAT_INTERVAL_MS: '500', OFFLINE_AFTER_MS: '3000' };
    plane = await createControlPlane({ SWEEP_INTERVAL_MS: '100', ...settings }, 'all');
    await plane.fleet.release('runtime-1.1.0');
  });
  afterEach(() => agent.disconnect());
  afterAll(() => plane.stop());

  const connect = async (hostName: string) => {
    agent = new ScriptedAgent(hostName, succeed, { labels: { test: hostName } });
    await agent.connect(plane.running.grpcPort);
  };
  const apply = (name: string, strategy: object = {}) =>
    applyRollout(plane, { name, selector: `test=${agent.hostName}`, strategy });

  it('leaves an update lost whose late result comes while another rollout has the host', async () => {
    await connect('late');
    let late: Command | undefined;
    agent.script = (command) => {
      if (command.phase === Phase.PHASE_REBOOT) late = command;
      return [Phase.PHASE_REBOOT, Phase.PHASE_RETRIEVE].includes(command.phase)
        ? null
        : succeed(command);
    };
    await apply('first', { phaseTimeouts: { reboot: '50ms', retrieve: '50ms' } });
    await rolloutIn(plane, 'first', 'failed');
    agent.script = () => null;
    await apply('second');
    await agent.until(() => agent.commands.at(-1)?.generation === 2n);
    const preflight = agent.commands.at(-1);
    if (!late || !preflight) throw new Error('the agent was not asked');
    agent.answer(late, { outcome: Outcome.OUTCOME_SUCCEEDED });
    await agent.until(() => agent.ended || agent.recorded.includes(late?.idempotencyKey ?? ''));
    expect(agent.ended).toBe(false);
    expect((await updatesOf(plane, 'first'))[0]).toMatchObject({ state: 'lost', phase: 'reboot' });
    agent.script = succeed;
    agent.answer(preflight, { outcome: Outcome.OUTCOME_SUCCEEDED });
    await rolloutIn(plane, 'second', 'succeeded');
  });

  it('makes the later rollout wait and lets it go on once the host is free', async () => {
    await connect('shared');
    let preflight: Command | undefined;
    agent.script = (command) => {
      preflight = command;
      return null;
    };
    await apply('earlier');
    await agent.until(() => preflight !== undefined);
    await apply('later');
    const waits = await waitsOf('later');
    expect(waits).toMatchObject([{ reason: { code: 'HOST_BUSY' } }]);
    expect(agent.commands).toHaveLength(1);
    agent.script = succeed;
    if (preflight) agent.answer(preflight, { outcome: Outcome.OUTCOME_SUCCEEDED });
    await rolloutIn(plane, 'earlier', 'succeeded');
    await rolloutIn(plane, 'later', 'succeeded');
  });

  /** What a rollout that runs is waiting for. */
  async function waitsOf(name: string): Promise<unknown[]> {
    const { report } = await rolloutIn(plane, name, 'running');
    return report.waiting;
  }
});
