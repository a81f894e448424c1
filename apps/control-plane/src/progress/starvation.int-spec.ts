// Many runs of one rollout must not keep others from being looked at, nor lose what they were woken up for.
import { JobQueue } from '@luofleet/queue';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout, rolloutIn } from '../testing/rollout.fixture';
import { ScriptedAgent } from '../testing/scripted-agent';

describe('a rollout that is locked', () => {
  let plane: ControlPlaneFixture;
  const agents: ScriptedAgent[] = [];

  beforeAll(async () => {
    // No sweep: nothing but the jobs themselves brings a rollout on.
    plane = await createControlPlane({ SWEEP_INTERVAL_MS: '3600000' }, 'all');
    await plane.fleet.release('runtime-1.1.0');
  });
  afterAll(async () => {
    for (const agent of agents) agent.disconnect();
    await plane.stop();
  });

  const connect = async (name: string) => {
    const agent = new ScriptedAgent(name, undefined, { labels: { test: name } });
    agents.push(agent);
    return agent.connect(plane.running.grpcPort);
  };
  const apply = (name: string) =>
    applyRollout(plane, { name, selector: `test=${name}`, strategy: {} });

  it('lets others go on, and goes on itself once it is free', async () => {
    await connect('busy');
    await connect('other');
    await plane.fleet.database.transaction('lock rollouts', 'test', async (unit) => {
      const { id: rolloutId } = await apply('busy');
      await unit.client.$queryRaw`SELECT FROM rollouts WHERE id = ${rolloutId}::uuid FOR UPDATE`;
      const jobs = plane.running.app.get(JobQueue);
      for (let wakes = 0; wakes < 300; wakes += 1) await jobs.add('reconcile', [{ rolloutId }]);
      await apply('other');
      await rolloutIn(plane, 'other', 'succeeded');
    });
    await rolloutIn(plane, 'busy', 'succeeded');
  });
});
