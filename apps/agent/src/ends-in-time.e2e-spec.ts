import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { Phase } from '@luofleet/proto';
import { AgentProcess, images, releaseOf } from './testing/agent-process';
import { drip, HostileServer } from './testing/hostile-server';
import { PassageHarness } from './testing/passage.harness';
import { commandFor, keyOf } from './testing/scripted-control-plane';
import { identifyProcess } from './workloads/process-table';

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

  describe('on SIGTERM, whatever it waits for, with all that it has started', () => {
    let harness: PassageHarness;
    let server: HostileServer | undefined;
    beforeEach(async () => {
      harness = await PassageHarness.start({ settings: { stopTimeoutMs: 500 } });
      await harness.echo.stop();
    });
    afterEach(async () => {
      await harness.stop();
      await server?.close();
      server = undefined;
    });
    const expectEnds = async () => {
      await harness.agent.terminate();
      expect(await harness.agent.untilExit()).toBe(0);
      expect(harness.agent.workloadProcesses()).toEqual([]);
    };
    const release = releaseOf(images.next, '1.1.0')!;

    it('an image server that never ends', async () => {
      server = await HostileServer.open(({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        drip(socket, 'x'.repeat(4096), 50);
      });
      const { uri } = server;
      const endless = { ...release, imageUri: uri, imageSizeBytes: 1n << 40n };
      harness.send(commandFor(Phase.PHASE_PREFLIGHT, { release: endless, timeoutMs: 900_000 }));
      await harness.plane.until('the fetch runs', () => server!.open > 0);
      await expectEnds();
    });

    it('an image that is tried out and hangs', async () => {
      const image = path.join(harness.agent.directory, 'hangs.cjs');
      const pid = path.join(harness.agent.directory, 'pid');
      const code = `require('fs').writeFileSync(${JSON.stringify(pid)}, String(process.pid));
        setInterval(() => {}, 1000);`;
      writeFileSync(image, code);
      const hanging = releaseOf(image, '1.1.0');
      harness.send(commandFor(Phase.PHASE_PREFLIGHT, { release: hanging, timeoutMs: 900_000 }));
      const read = () => existsSync(pid) && Number(readFileSync(pid, 'utf8'));
      const child = await harness.plane.until('the image runs', read);
      await expectEnds();
      await harness.plane.until('the image has ended', () => !identifyProcess(Number(child)));
    });

    it('a workload that does not answer whether it has quiesced', async () => {
      const kv = await harness.servingPid('kv');
      const [preflight, preserve, freeze] = harness.commands({ timeoutMs: 900_000 });
      harness.send(preflight!, preserve!);
      await harness.results([preflight!, preserve!]);
      process.kill(kv, 'SIGSTOP');
      harness.send(freeze!);
      const journal = path.join(harness.agent.stateDir, 'journal.log');
      const isStarted = `"kind":"started","key":"${freeze!.idempotencyKey}"`;
      const started = () => readFileSync(journal, 'utf8').includes(isStarted);
      await harness.plane.until('the freeze runs', started);
      await expectEnds();
    });
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
