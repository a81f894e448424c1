import path from 'node:path';
import { Outcome } from '@luofleet/proto';
import { AgentProcess, images, releaseOf } from './testing/agent-process';
import { passageCommands } from './testing/passage.harness';
import { ScriptedControlPlane } from './testing/scripted-control-plane';

jest.setTimeout(120_000);

describe('hosts with nothing to preserve', () => {
  let plane: ScriptedControlPlane;
  let agent: AgentProcess;

  beforeEach(async () => {
    plane = await new ScriptedControlPlane().start();
  });
  afterEach(async () => {
    await agent.destroy();
    plane.stop();
  });

  const start = async (workloads?: object[]) => {
    const settings = workloads === undefined ? {} : { workloads };
    agent = await AgentProcess.create({ controlPlanePort: plane.port, settings });
    agent.start();
    await connected(1);
  };
  const connected = (times: number) =>
    plane.until('connected and serving', () => {
      const { workloads } = plane.heartbeats.at(-1) ?? {};
      const isWell = workloads?.every(({ state }) => state === 'serving');
      return plane.hellos.length >= times && isWell;
    });
  const update = async (attempt: number, image: string, version: string) => {
    const generation = BigInt(attempt);
    const release = releaseOf(image, version);
    const commands = passageCommands({ release, attempt, generation });
    plane.send('host-1', ...commands);
    const keys = commands.map(({ idempotencyKey }) => idempotencyKey);
    const results = await Promise.all(keys.map((key) => plane.resultOf(key)));
    expect(results.map(({ outcome }) => outcome)).toEqual(Array(7).fill(Outcome.OUTCOME_SUCCEEDED));
    expect(results.at(-1)?.runningVersion).toBe(version);
    return results;
  };

  it.each([
    ['no workloads', [], 0],
    [
      'a workload without descriptors',
      [{ name: 'bare', command: ['node', path.join(__dirname, 'testing/bare.workload.cjs')] }],
      1,
    ],
  ])('update with %s, there and back', async (_what, workloads, sessions) => {
    await start(workloads);
    const [, preserved] = await update(1, images.next, '1.1.0');
    expect(preserved?.sessions.map(({ files }) => files.length)).toEqual(Array(sessions).fill(0));
    await update(2, images.current, '1.0.0');
    expect(agent.workloadProcesses()).toHaveLength(sessions);
  });

  it('update after their last workload was taken out of the configuration', async () => {
    await start();
    await update(1, images.next, '1.1.0');
    agent.configure({ workloads: [] });
    await agent.kill();
    const { length } = plane.hellos;
    agent.start();
    await connected(length + 1);
    expect(agent.workloadProcesses()).toEqual([]);
    await update(2, images.current, '1.0.0');
  });
});
