// Links against real gRPC servers and sockets that do not do what they should.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { type AgentServiceClient, Outcome, type Phase } from '@luofleet/proto';
import { silentLog } from '../log';
import type { AgentResult } from '../model/command';
import { reasonOf } from '../model/reason';
import { commandFor, ScriptedControlPlane } from '../testing/scripted-control-plane';
import { clientFor, ControlPlaneLink, type LinkOptions } from './control-plane-link';

const hello = {
  ...{ hostName: 'host-1', machineId: 'machine-1', agentVersion: '1', backend: 2, bootId: 'b' },
  ...{ incarnationId: 'i', runningVersion: '1', runningSha256: '', labels: {}, failureDomain: '' },
  ...{
    handlers: [],
    capabilities: [],
    generation: 0n,
    openCommandKeys: [],
    workloads: [],
    kernelRelease: '',
    pid: 1,
  },
};
const result: AgentResult = {
  ...{
    key: 'hu/preflight/1',
    phase: 'preflight',
    outcome: 'succeeded',
    reason: null,
    sessions: [],
  },
  ...{ startedAtMs: 1, finishedAtMs: 2, frozenAtMs: 0, resumedAtMs: 0, blackoutMs: 0 },
  ...{ runningVersion: '1', bootId: 'b', incarnationId: 'i' },
};

jest.setTimeout(60_000);

describe('ControlPlaneLink', () => {
  let good: ControlPlaneLink | undefined;
  const planes: ScriptedControlPlane[] = [];
  const clients: AgentServiceClient[] = [];
  const unrecorded = new Map<string, AgentResult>();
  /** Accepts connections and never says a word, as a stopped process does whose kernel still answers. */
  let mute: Server;
  const muteSockets: Socket[] = [];

  const plane = async () => {
    const started = await new ScriptedControlPlane().start();
    planes.push(started);
    return started;
  };
  const open = (ports: number[], options: Partial<LinkOptions> = {}) => {
    const dialled = ports.map((port) => clientFor(`127.0.0.1:${port}`, true));
    clients.push(...dialled);
    good = new ControlPlaneLink({
      clients: dialled,
      log: silentLog,
      host: {
        hello: () => hello,
        heartbeat: () => ({ incarnationId: 'i', frozen: false, workloads: [] }),
        unrecordedResults: () => [...unrecorded.values()],
        onCommand: () => undefined,
        onRecorded: (key) => void unrecorded.delete(key),
      },
      ...{ backoffFirstMs: 20, backoffMaxMs: 100, welcomeWithinMs: 300, ...options },
    });
    good.open();
    return good;
  };

  beforeAll(async () => {
    mute = createServer((socket) => {
      muteSockets.push(socket);
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(mute, 'listening');
  });
  afterEach(() => {
    good?.close();
    for (const client of clients.splice(0)) client.close();
    for (const each of planes.splice(0)) each.stop();
    unrecorded.clear();
  });
  afterAll(() => {
    for (const socket of muteSockets) socket.destroy();
    mute.close();
  });

  it('leaves an address that takes connections and never answers', async () => {
    const there = await plane();
    open([(mute.address() as AddressInfo).port, there.port]);
    await there.until('a heartbeat', () => there.heartbeats[0]);
  });

  it('leaves a replica that takes the stream and never welcomes', async () => {
    const [silent, there] = [await plane(), await plane()];
    silent.welcomes = false;
    open([silent.port, there.port]);
    await there.until('a heartbeat', () => there.heartbeats[0]);
    expect(silent.hellos).toHaveLength(1);
  });

  it('leaves a replica that records nothing, and says the result elsewhere', async () => {
    const [stuck, there] = [await plane(), await plane()];
    stuck.records = false;
    unrecorded.set(result.key, result);
    open([stuck.port, there.port], { progressWithinMs: 300 });
    await there.resultOf(result.key);
    await there.until('nothing is open', () => unrecorded.size === 0);
    expect(stuck.deliveries).toHaveLength(1);
  });

  it('says a result that is larger than any message may be, once and without what does not fit', async () => {
    const there = await plane();
    const files = Array.from({ length: 6000 }, (_, token) => ({
      ...{ token: BigInt(token), name: 'store', compatible: 'memfd-v1', dataHandle: 1n },
      ...{ state: 'failed' as const, sizeBytes: 1n },
      reason: reasonOf('INTERNAL', 'x'.repeat(4000)),
    }));
    const sessions = [{ name: 's', workload: 'kv', state: 'failed' as const, files }];
    unrecorded.set(result.key, { ...result, sessions });
    open([there.port], { progressWithinMs: 20_000, welcomeWithinMs: 20_000 });
    const { sessions: told, leftOutFiles } = await there.resultOf(result.key);
    await there.until('nothing is open', () => unrecorded.size === 0);
    expect(leftOutFiles).toBeGreaterThan(1000);
    expect((told[0]?.files.length ?? 0) + leftOutFiles).toBe(files.length);
    expect([there.hellos.length, there.deliveries.length]).toEqual([1, 1]);
  });

  it('refuses a command that it does not know, and says why', async () => {
    const there = await plane();
    open([there.port]);
    await there.until('a heartbeat', () => there.heartbeats[0]);
    const { idempotencyKey, ...command } = commandFor(99 as Phase);
    there.send(hello.hostName, { ...command, idempotencyKey: '' }, { ...command, idempotencyKey });
    const { outcome, reason } = await there.resultOf(idempotencyKey);
    expect(outcome).toBe(Outcome.OUTCOME_REFUSED);
    expect(reason?.code).toBe('COMMAND_UNKNOWN');
    expect(there.deliveries).toHaveLength(1);
  });

  it('leaves a replica that takes nothing off the stream, and sends it no more heartbeats', async () => {
    const [stuck, there] = [await plane(), await plane()];
    stuck.takesOff = false;
    const link = open([stuck.port, there.port], { progressWithinMs: 300 });
    await stuck.until('a hello', () => stuck.hellos[0]);
    for (let number = 0; number < 64; number += 1) link.accepted(`${number}`.repeat(100_000));
    await there.until('a heartbeat', () => there.heartbeats[0]);
    expect(stuck.hellos).toHaveLength(1);
  });

  it('stays where results are recorded, however long the stream lasts', async () => {
    const there = await plane();
    const link = open([there.port], { progressWithinMs: 300 });
    await there.until('a heartbeat', () => there.heartbeats[0]);
    link.result(result);
    await there.resultOf(result.key);
    const beats = there.heartbeats.length;
    await there.until('many heartbeats', () => there.heartbeats.length > beats + 12);
    expect(there.hellos).toHaveLength(1);
  });

  it('counts its streams', async () => {
    const there = await plane();
    there.welcomes = false;
    open([there.port], { welcomeWithinMs: 50 });
    await there.until('three streams', () => there.hellos.length >= 3);
    // A stream that was given up before its hello went out has its number all the same.
    const numbers = there.hellos.map(({ streamNumber }) => streamNumber);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => Number(a - b)));
  });

  it.each(['IDENTITY_REFUSED', 'DECOMMISSIONED'])('asks again after %s, slowly', async (code) => {
    const there = await plane();
    there.welcomes = false;
    open([there.port], { refusedRetryMs: 4_000, decommissionedRetryMs: 1_500 });
    await there.until('a hello', () => there.hellos[0]);
    const refusedAtMs = performance.now();
    there.goodbye('host-1', code);
    await there.until('another hello', () => there.hellos[1]);
    // The backoff is 100 ms at most, a missing welcome shows after 300 ms.
    expect(performance.now() - refusedAtMs).toBeGreaterThan(700);
  });

  it('asks again sooner at first after IDENTITY_REFUSED, and ever later', async () => {
    const there = await plane();
    there.welcomes = false;
    open([there.port], { refusedRetryMs: 2_000, welcomeWithinMs: 60_000 });
    const gapsMs: number[] = [];
    for (let refusals = 0; refusals < 3; refusals += 1) {
      await there.until('a hello', () => there.hellos[refusals]);
      const refusedAtMs = performance.now();
      there.goodbye('host-1', 'IDENTITY_REFUSED');
      await there.until('another hello', () => there.hellos[refusals + 1]);
      gapsMs.push(performance.now() - refusedAtMs);
    }
    // At most 0.4 of the setting, then at least 0.65 of it.
    expect(gapsMs[2]).toBeGreaterThan(gapsMs[0] ?? Infinity);
  });

  it('takes a goodbye it does not know for one that passes', async () => {
    const there = await plane();
    there.welcomes = false;
    open([there.port], { welcomeWithinMs: 60_000 });
    await there.until('a hello', () => there.hellos[0]);
    there.goodbye('host-1', 'SOMETHING_NEW');
    await there.until('another hello', () => there.hellos[1]);
  });

  it('dials no more once it is closed while it dials', async () => {
    const there = await plane();
    const link = open([(mute.address() as AddressInfo).port, there.port], { welcomeWithinMs: 50 });
    link.close();
    const other = open([there.port]);
    await there.until('the other is here', () => there.heartbeats.length > 5);
    expect(there.hellos).toHaveLength(1);
    other.close();
  });
});
