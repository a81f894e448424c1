// A host that was given up after the point of no return and comes back.
import { Phase } from '@luofleet/proto';
import { until } from '@luofleet/testkit';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout, rolloutIn, updatesOf } from '../testing/rollout.fixture';
import { type Script, ScriptedAgent, succeed } from '../testing/scripted-agent';

describe('a host that was given up', () => {
  let plane: ControlPlaneFixture;
  let agent: ScriptedAgent;

  beforeAll(async () => {
    plane = await createControlPlane(
      { SWEEP_INTERVAL_MS: '100', OFFLINE_AFTER_MS: '3000', HEARTBEAT_INTERVAL_MS: '200' },
      'all',
    );
    await plane.fleet.release('runtime-1.1.0');
  });
  afterEach(() => agent.disconnect());
  afterAll(() => plane.stop());

  const apply = (name: string) =>
    applyRollout(plane, { name, selector: `test=${agent.hostName}`, strategy: {} });
  /** The host falls silent when it is asked for `phase`, is given up, and leaves. */
  const lostIn = async (name: string, phase: Phase) => {
    let silent = false;
    const fallsSilent: Script = (command) => {
      silent ||= command.phase === phase;
      return silent ? null : succeed(command);
    };
    agent = new ScriptedAgent(name, fallsSilent, { labels: { test: name } });
    await agent.connect(plane.running.grpcPort);
    const { id } = await apply(name);
    await until(`the deadline of ${Phase[phase]}`, async () =>
      (await deadlinePassed(id, phase)) ? true : undefined,
    );
    await rolloutIn(plane, name, 'failed');
    agent.disconnect();
    await agent.until(() => agent.ended);
    agent.commands.length = 0;
    agent.script = succeed;
  };
  /** Lets the deadline of `phase` pass; false while the update has not come so far in the record. */
  const deadlinePassed = (rolloutId: string, phase: Phase) =>
    plane.fleet.database.read('let a deadline pass', 'test', async (client) => {
      const name = Phase[phase].replace('PHASE_', '').toLowerCase();
      const written = await client.$executeRaw`
        UPDATE host_updates SET deadline_at = now() - interval '1 hour', version = version + 1
        WHERE rollout_id = ${rolloutId}::uuid AND state = 'running' AND phase = ${name}`;
      return written === 1;
    });
  const comeBack = () => agent.connect(plane.running.grpcPort);

  it.each([
    ['finish', Phase.PHASE_FINISH, ['finish', 'verify']],
    ['verify', Phase.PHASE_VERIFY, ['verify']],
  ] as const)('in %s goes on by itself when it is back', async (name, phase, asked) => {
    await lostIn(name, phase);
    expect((await updatesOf(plane, name))[0]).toMatchObject({ state: 'lost', phase: name });
    await comeBack();
    const rollout = await rolloutIn(plane, name, 'succeeded');
    expect(agent.phases()).toEqual(asked);
    expect(rollout.hosts.byState).toEqual({ succeeded: 1 });
    expect(rollout.waves.map(({ state }) => state)).toEqual(['succeeded']);
  });

  it('is not told again to reboot', async () => {
    await lostIn('reboot', Phase.PHASE_REBOOT);
    await comeBack();
    await apply('reboot-next');
    await rolloutIn(plane, 'reboot-next', 'succeeded');
    expect(agent.phases()).toHaveLength(7);
    expect((await updatesOf(plane, 'reboot'))[0]).toMatchObject({ state: 'lost' });
  });

  it('is left alone when another rollout has updated it meanwhile', async () => {
    await lostIn('taken', Phase.PHASE_FINISH);
    agent.script = (command) => (command.phase === Phase.PHASE_VERIFY ? null : succeed(command));
    const [update] = await updatesOf(plane, 'taken');
    await plane.fleet.database.read('raise generation', 'test', (client) => {
      return client.$executeRaw`
        UPDATE hosts SET generation = generation + 1 WHERE id = ${update?.hostId}::uuid`;
    });
    await comeBack();
    await apply('taken-next');
    await agent.until(() => agent.phases().includes('verify'));
    expect(agent.phases().filter((phase) => phase === 'finish')).toHaveLength(1);
    expect((await updatesOf(plane, 'taken'))[0]).toMatchObject({ state: 'lost', phase: 'finish' });
  });
});
