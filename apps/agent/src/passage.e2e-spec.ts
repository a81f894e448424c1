import { Outcome, Phase, SessionState } from '@luofleet/proto';
import { AgentProcess, images, releaseOf } from './testing/agent-process';
import { EchoClient } from './testing/echo-client';
import {
  blackoutCommands,
  commandFor,
  keyOf,
  ScriptedControlPlane,
} from './testing/scripted-control-plane';

jest.setTimeout(120_000);

describe('a whole passage from 1.0.0 to 1.1.0', () => {
  let plane: ScriptedControlPlane;
  let agent: AgentProcess;
  let echo: EchoClient | null = null;

  beforeEach(async () => {
    plane = await new ScriptedControlPlane().start();
    agent = (await AgentProcess.create({ controlPlanePort: plane.port })).start();
    await untilServing(plane);
  });
  afterEach(async () => {
    await echo?.stop();
    await agent.destroy();
    plane.stop();
  });

  it('keeps the pid, the content and every client, and restarts the workloads on their descriptors', async () => {
    const release = releaseOf(images.next, '1.1.0');
    await agent.kv('PUT', 'a', 'one');
    await agent.kv('PUT', 'b', 'two');
    const hash = await agent.kv('GET', 'hash');
    const before = agent.workloadProcesses().map(({ process: { pid } }) => pid);
    echo = new EchoClient(agent.echoPort);

    for (const phase of [Phase.PHASE_PREFLIGHT, Phase.PHASE_PRESERVE]) {
      plane.send('host-1', commandFor(phase, { release }));
      expect(await plane.resultOf(keyOf(phase))).toMatchObject({
        outcome: Outcome.OUTCOME_SUCCEEDED,
        runningVersion: '1.0.0',
      });
    }
    plane.send('host-1', ...blackoutCommands({ release }));
    const retrieved = await plane.resultOf(keyOf(Phase.PHASE_RETRIEVE));
    expect(retrieved).toMatchObject({
      outcome: Outcome.OUTCOME_SUCCEEDED,
      runningVersion: '1.1.0',
    });
    expect(retrieved.sessions.map(({ name, state, files }) => [name, state, files.length])).toEqual(
      [
        ['kv', SessionState.SESSION_STATE_RETRIEVED, 2],
        ['echo', SessionState.SESSION_STATE_RETRIEVED, 1],
      ],
    );
    expect(retrieved.blackoutMs).toBeGreaterThan(0);
    process.stdout.write(`blackout ${retrieved.blackoutMs.toFixed(1)} ms\n`);
    for (const phase of [Phase.PHASE_FINISH, Phase.PHASE_VERIFY]) {
      plane.send('host-1', commandFor(phase, { release, soakMs: 200 }));
      expect(await plane.resultOf(keyOf(phase))).toMatchObject({
        outcome: Outcome.OUTCOME_SUCCEEDED,
      });
    }
    await echo.stop();
    expect(echo.failures).toEqual([]);
    expect(echo.answered).toBeGreaterThan(0);
    expect(await agent.kv('GET', 'hash')).toBe(hash);
    expect(await agent.kv('GET', 'b')).toBe('two');
    expect(plane.hellos.map(({ pid, runningVersion }) => [pid, runningVersion])).toEqual([
      [agent.pid, '1.0.0'],
      [agent.pid, '1.1.0'],
    ]);
    const after = agent.workloadProcesses().map(({ process: { pid } }) => pid);
    expect(after).toHaveLength(2);
    expect(after.some((pid) => before.includes(pid))).toBe(false);
  });
});

async function untilServing(plane: ScriptedControlPlane): Promise<void> {
  await plane.until('workloads serve', () => {
    const workloads = plane.heartbeats.at(-1)?.workloads ?? [];
    return workloads.length > 0 && workloads.every(({ state }) => state === 'serving');
  });
}
