import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { makeCgroup, removeCgroup } from './instance-cgroup';
import { endFamily, membersOf, type Family } from './instance-family';
import { identifyProcess, isRunning } from './process-table';

/** A shell with children: in its group, in sessions of their own, deaf to SIGTERM, stopped. */
const withChildren = `
  sleep 600 & setsid sleep 601 & (trap "" TERM; sleep 602; sleep 602) &
  (kill -STOP $(exec sh -c 'echo $PPID'); sleep 603) &
  echo ready; wait`;

const started: ChildProcess[] = [];

async function startFamily(script: string, env: NodeJS.ProcessEnv = {}): Promise<Family> {
  const id = randomUUID();
  const child = spawn('/bin/sh', ['-c', script], {
    env: { PATH: process.env.PATH, LUOFLEET_INSTANCE: id, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  await once(child.stdout, 'data');
  return { id, process: identifyProcess(child.pid ?? 0)! };
}

describe('endFamily', () => {
  afterEach(async () => {
    for (const { pid } of started.splice(0)) {
      const family = {
        id: 'none',
        process: identifyProcess(pid ?? 0) ?? { pid: 0, startTicks: '' },
      };
      await endFamily(family, 0);
    }
  });

  it.each([0, 100])(
    'ends all of it and nothing of others, with a grace of %i ms',
    async (grace) => {
      const family = await startFamily(withChildren);
      const other = await startFamily(withChildren);
      expect(membersOf(family).length).toBeGreaterThanOrEqual(5);
      const others = membersOf(other);
      expect(await endFamily(family, grace)).toEqual([]);
      expect(membersOf(family)).toEqual([]);
      expect(others.filter(isRunning)).toEqual(others);
      expect(await endFamily(other, grace)).toEqual([]);
    },
  );

  it('ends what a leader that is gone has left behind', async () => {
    const family = await startFamily(withChildren);
    process.kill(family.process.pid, 'SIGKILL');
    expect(membersOf(family).length).toBeGreaterThanOrEqual(4);
    expect(await endFamily(family, 0)).toEqual([]);
    expect(membersOf(family)).toEqual([]);
  });

  it('ends what has left session and environment, where there are cgroups', async () => {
    const cgroup = makeCgroup(randomUUID());
    if (cgroup === null) return; // This machine gives none to whoever runs this.
    const id = cgroup.split('/').at(-2)!;
    const script = `echo $$ >${cgroup}; env -i setsid sleep 604 & echo ready; wait`;
    const { process: leader } = await startFamily(script);
    const escaped = () => membersOf({ id, process: { pid: 0, startTicks: '' } });
    expect(escaped().length).toBeGreaterThanOrEqual(2);
    expect(await endFamily({ id, process: leader }, 0)).toEqual([]);
    expect(escaped()).toEqual([]);
    removeCgroup(id);
  });
});
