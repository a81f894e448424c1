import { createServer, type AddressInfo } from 'node:net';
import { Phase } from '@luofleet/proto';
import { AgentProcess } from './testing/agent-process';
import { PassageHarness } from './testing/passage.harness';
import { commandFor, keyOf } from './testing/scripted-control-plane';

jest.setTimeout(120_000);

const stubborn = {
  name: 'stubborn',
  command: ['sh', '-c', 'trap "" TERM; while :; do sleep 600; done'],
  env: {},
};

describe('an agent ends', () => {
  it('on SIGTERM, with a control plane that never answers and a workload that ignores it', async () => {
    const silent = createServer();
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const { port } = silent.address() as AddressInfo;
    const settings = { stopTimeoutMs: 500, startTimeoutMs: 500, workloads: [stubborn] };
    const agent = await AgentProcess.create({ controlPlanePort: port, settings });
    const dialled = new Promise((resolve) => silent.once('connection', resolve));
    agent.start();
    await dialled;
    expect(agent.workloadProcesses()).toHaveLength(1);
    await agent.terminate();
    expect(await agent.untilExit()).toBe(0);
    expect(agent.workloadProcesses()).toEqual([]);
    await agent.destroy();
    silent.close();
  });

  it('on SIGTERM during a phase, which is told so and answered by the next start', async () => {
    const harness = await PassageHarness.start({ settings: { stopTimeoutMs: 500 } });
    harness.send(commandFor(Phase.PHASE_VERIFY, { soakMs: 600_000, timeoutMs: 900_000 }));
    const key = keyOf(Phase.PHASE_VERIFY);
    await harness.plane.until('the phase runs', () => harness.plane.accepted.includes(key));
    await harness.agent.terminate();
    expect(await harness.agent.untilExit()).toBe(0);
    harness.agent.start();
    expect((await harness.plane.resultOf(key)).reason?.code).toBe('AGENT_STOPPING');
    await harness.stop();
  });
});
