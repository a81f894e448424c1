import { existsSync, linkSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { Outcome, Phase } from '@luofleet/proto';
import { AgentProcess, images, releaseOf } from './testing/agent-process';
import { outcomesOf, PassageHarness } from './testing/passage.harness';
import { commandFor, keyOf } from './testing/scripted-control-plane';
import { askSocket } from './testing/workload-socket';

jest.setTimeout(120_000);

describe('one agent for each state directory and socket', () => {
  let harness: PassageHarness;
  let rivals: AgentProcess[];

  beforeEach(async () => {
    rivals = [];
    harness = await PassageHarness.start();
  });
  afterEach(async () => {
    for (const rival of rivals) await rival.destroy();
    await harness.stop();
  });

  /** An agent that must not start; resolves with what it says and its exit code. */
  const refused = async (settings: Record<string, unknown>) => {
    const rival = await AgentProcess.create({ controlPlanePort: harness.plane.port, settings });
    rivals.push(rival);
    rival.start();
    return { code: await rival.untilExit(), says: rival.log };
  };
  const traces = () => {
    const state = path.join(harness.agent.directory, 'state');
    return {
      journal: readFileSync(path.join(state, 'journal.log'), 'utf8'),
      socket: lstatSync(harness.agent.socket).ino,
      processes: harness.agent.workloadProcesses(),
      hellos: harness.plane.hellos.length,
    };
  };

  it('a second one ends with its reason and touches nothing, also after an update', async () => {
    const stateDir = path.join(harness.agent.directory, 'state');
    const expectRefusal = async () => {
      const before = traces();
      const directory = await refused({ stateDir });
      expect(directory.code).toBe(1);
      expect(directory.says).toContain(
        `the state directory ${stateDir} is owned by another process (pid ${harness.agent.pid})`,
      );
      const socket = await refused({ socket: harness.agent.socket });
      expect(socket.code).toBe(1);
      expect(socket.says).toContain(
        `the workload socket ${harness.agent.socket} is owned by another process (pid ${harness.agent.pid})`,
      );
      expect(traces()).toEqual(before);
    };
    await expectRefusal();
    const commands = harness.commands();
    harness.send(...commands);
    const outcomes = outcomesOf(await harness.results(commands));
    expect(outcomes).toEqual(Array(7).fill(Outcome.OUTCOME_SUCCEEDED));
    await harness.expectNothingLost();
    await expectRefusal();
  });

  it('stays the owner of locks that it reads as if they were images', async () => {
    const { directory, stateDir, socket } = harness.agent;
    const read = { ...releaseOf(images.next, '1.1.0')!, imageSizeBytes: 0n };
    const link = path.join(directory, 'hard-link');
    linkSync(path.join(stateDir, 'lock'), link);
    writeFileSync(path.join(stateDir, 'lock'), 'something to read');
    writeFileSync(`${socket}.lock`, 'something to read');
    for (const [index, file] of [path.join(stateDir, 'lock'), `${socket}.lock`, link].entries()) {
      const shape = { hostUpdate: `hu-${index}`, release: { ...read, imageUri: `file://${file}` } };
      harness.send(commandFor(Phase.PHASE_PREFLIGHT, shape));
      const { reason } = await harness.plane.resultOf(keyOf(Phase.PHASE_PREFLIGHT, shape));
      expect(reason?.code).toBe('DIGEST_MISMATCH');
    }
    const { socket: inode, processes } = traces();
    for (const settings of [{ stateDir }, { socket }]) {
      const { code, says } = await refused(settings);
      expect([code, says]).toEqual([1, expect.stringContaining('is owned by another process')]);
    }
    expect(traces()).toMatchObject({ socket: inode, processes });
    await harness.expectNothingLost();
  });

  it('takes over what a killed agent has left', async () => {
    const { hellos } = harness.plane;
    await harness.agent.kill();
    expect(existsSync(harness.agent.socket)).toBe(true);
    harness.agent.start(images.current);
    await harness.plane.until('connected again', () => hellos.length > 1);
    await harness.expectNothingLost();
  });

  it('a path of the state directory that leads to the same one is no other one', async () => {
    const link = path.join(harness.agent.directory, 'link');
    symlinkSync(harness.agent.stateDir, link);
    const before = traces();
    const { code, says } = await refused({ stateDir: link });
    expect([code, says]).toEqual([1, expect.stringContaining('is owned by another process')]);
    const socket = await refused({ socket: path.join(link, 'agent.sock') });
    expect([socket.code, socket.says]).toEqual([
      1,
      expect.stringContaining('is owned by another process'),
    ]);
    expect(traces()).toEqual(before);
  });

  it('who comes back while another agent has taken its socket over takes nothing from it', async () => {
    await harness.agent.kill();
    const { workloads } = JSON.parse(readFileSync(harness.agent.configFile, 'utf8')) as {
      workloads: unknown;
    };
    const rival = await AgentProcess.create({
      controlPlanePort: harness.plane.port,
      settings: { socket: harness.agent.socket, workloads },
    });
    rivals.push(rival);
    const { hellos } = harness.plane;
    rival.start();
    await harness.plane.until('the rival is connected', () => hellos.length > 1);
    await harness.untilServing();
    const before = traces();
    harness.agent.start();
    expect(await harness.agent.untilExit()).toBe(1);
    expect(harness.agent.log).toContain(`is owned by another process (pid ${rival.pid})`);
    expect(traces()).toEqual(before);
    await rival.terminate();
  });

  it('does not start with another socket while workloads live on that know the old one', async () => {
    await harness.agent.kill();
    const before = { ...traces(), processes: harness.agent.workloadProcesses() };
    const socket = path.join(harness.agent.directory, 'other.sock');
    harness.agent.configure({ socket });
    harness.agent.start();
    expect(await harness.agent.untilExit()).toBe(1);
    expect(harness.agent.log).toContain(
      `the workload socket ${socket} is not ${harness.agent.socket}`,
    );
    expect(harness.agent.log).toContain('set it back, or end these processes first');
    expect(traces()).toEqual(before);
    harness.agent.configure({});
    harness.agent.start();
    await harness.plane.until('connected again', () => harness.plane.hellos.length > 1);
    await harness.expectNothingLost();
    // An agent that ends in order leaves nobody behind.
    await harness.agent.terminate();
    harness.agent.configure({ socket });
    harness.agent.start();
    await harness.plane.until('connected again', () => harness.plane.hellos.length > 2);
    await harness.untilServing();
    await harness.agent.terminate();
    harness.agent.configure({});
  });

  it('leaves a process alone that another agent started, also one of the same name', async () => {
    const rival = await AgentProcess.create({
      ...{ controlPlanePort: harness.plane.port, hostName: 'host-2' },
    });
    rivals.push(rival);
    const before = traces();
    rival.start();
    await harness.plane.until('the rival serves', () =>
      harness.plane.heartbeats.some(
        ({ workloads, incarnationId }) =>
          incarnationId !== harness.plane.hellos[0]?.incarnationId &&
          workloads.length > 0 &&
          workloads.every(({ state }) => state === 'serving'),
      ),
    );
    const [own] = harness.agent.workloadProcesses();
    const register = `/v1/workloads/${own?.workload}/register`;
    const claim = await askSocket(rival.socket, 'POST', register, { pid: own?.process.pid });
    expect([claim.status, claim.text]).toEqual([403, expect.stringContaining('NOT_THIS_PROCESS')]);
    await rival.terminate();
    expect(rival.workloadProcesses()).toEqual([]);
    expect({ ...traces(), hellos: 0 }).toEqual({ ...before, hellos: 0 });
    await harness.expectNothingLost();
  });

  it('removes no socket that answers, and nothing that is no socket', async () => {
    const directory = harness.agent.directory;
    const foreign = path.join(directory, 'foreign.sock');
    const server = createServer();
    await new Promise<void>((done) => server.listen(foreign, done));
    const answered = await refused({ socket: foreign });
    expect(answered.code).toBe(1);
    expect(answered.says).toContain(`the workload socket ${foreign} is served by another process`);
    expect(lstatSync(foreign).isSocket()).toBe(true);
    await new Promise((done) => server.close(done));

    const precious = path.join(directory, 'precious');
    writeFileSync(precious, 'not a socket');
    const kept = await refused({ socket: precious });
    expect(kept.code).toBe(1);
    expect(kept.says).toContain(`the workload socket ${precious} is a file of another kind`);
    expect(readFileSync(precious, 'utf8')).toBe('not a socket');
  });
});
