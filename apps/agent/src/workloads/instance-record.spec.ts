import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../log';
import { endFamily } from './instance-family';
import { InstanceRecord } from './instance-record';
import { identifyProcess } from './process-table';
import { WorkloadSupervisor } from './workload-supervisor';

const stateDir = mkdtempSync(path.join(tmpdir(), 'instance-record-'));
const socket = path.join(stateDir, 'agent.sock');
const record = path.join(stateDir, 'instances.json');
const strangers: ChildProcess[] = [];
const agents: WorkloadSupervisor[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((one) => one.stop()));
  for (const one of new InstanceRecord(stateDir).survivors(socket))
    await endFamily({ id: one.instance, process: one.process }, 0);
  for (const one of strangers.splice(0)) one.kill('SIGKILL');
  rmSync(record, { force: true });
});
afterAll(() => rmSync(stateDir, { recursive: true }));

function agent(command: string[]): WorkloadSupervisor {
  const one = new WorkloadSupervisor({
    settings: {
      ...{ workloads: [{ name: 'kv', command, env: {}, cwd: '/' }], socket, stateDir },
      ...{ startTimeoutMs: 60_000, stopTimeoutMs: 1_000 },
    },
    ...{ incarnationId: randomUUID(), log: silentLog },
    ...{ heldFor: () => [], finishHold: () => undefined },
  });
  agents.push(one);
  return one;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(5);
}

/** A process that says it is a workload of this agent. */
function stranger(env: NodeJS.ProcessEnv, uid?: number): number {
  const child = spawn('/bin/sleep', ['60'], {
    ...{ detached: true, stdio: 'ignore', ...(uid === undefined ? {} : { uid, gid: uid }) },
    env: { LUOFLEET_SOCKET: socket, LUOFLEET_WORKLOAD: 'kv', ...env },
  });
  strangers.push(child);
  return child.pid!;
}
const hasEnvironment = (pid: number) =>
  readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`LUOFLEET_SOCKET=${socket}`);

it('finds a process that has overwritten its environment, and nobody twice', async () => {
  // Like a server that writes its state over what ps shows of it.
  const before = agent(['/usr/bin/env', '-i', '/bin/sleep', '60']);
  before.startMissing();
  const { id, process: leader } = before.current.get('kv')!;
  await until(() => readFileSync(`/proc/${leader.pid}/environ`, 'utf8') === '');
  const found = agent([]).survivors();
  expect(found).toMatchObject([{ workload: 'kv', instance: id, process: leader }]);
});

it('ends what a process that is gone has left behind in its session', async () => {
  const before = agent([
    '/bin/sh',
    '-c',
    'env -i /bin/sleep 61 & echo $! >"$LUOFLEET_SOCKET.pid"; exec sleep 60',
  ]);
  before.startMissing();
  const leader = before.current.get('kv')!.process;
  const said = () => {
    try {
      return Number(readFileSync(`${socket}.pid`, 'utf8'));
    } catch {
      return 0;
    }
  };
  await until(() => said() > 0);
  const left = said();
  // As an agent that was killed: this one must not clear up.
  jest
    .spyOn(before as unknown as { clearUp(): void }, 'clearUp')
    .mockImplementation(() => undefined);
  await before.quiesceAll(AbortSignal.abort());
  process.kill(leader.pid, 'SIGKILL');
  await until(() => identifyProcess(leader.pid) === null);
  await agent([]).endStrays();
  expect(identifyProcess(left)).toBeNull();
});

it('believes no environment of another user, and none with an id that is no id', async () => {
  const paths = stranger({ LUOFLEET_INSTANCE: '../../x' });
  const own = stranger({ LUOFLEET_INSTANCE: randomUUID() });
  // Only root can start somebody else's.
  const foreign =
    process.getuid?.() === 0 ? stranger({ LUOFLEET_INSTANCE: randomUUID() }, 65534) : own;
  await until(() => [paths, own, foreign].every(hasEnvironment));
  expect(
    agent([])
      .survivors()
      .map(({ process: { pid } }) => pid),
  ).toEqual([own]);
});

it('takes nobody for a workload by a record of another boot, or by what is no record', () => {
  const found = {
    workload: 'kv',
    instance: 'one',
    incarnationId: 'a',
    process: identifyProcess(process.pid),
  };
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const records = [
    [JSON.stringify({ bootId, instances: [found, null, { ...found, process: null }] }), 1],
    [JSON.stringify({ bootId: randomUUID(), instances: [found] }), 0],
    [JSON.stringify({ bootId, instances: 'many' }), 0],
    ['null', 0],
    ['{"bootId', 0],
  ] as const;
  for (const [text, count] of records) {
    writeFileSync(record, text);
    expect(new InstanceRecord(stateDir).survivors(socket)).toHaveLength(count);
  }
  rmSync(record);
});
