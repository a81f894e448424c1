import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs, { existsSync, readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { makeCgroup, useCgroupsOf } from './instance-cgroup';
import { endFamily, endStrays, membersOf, type Family } from './instance-family';
import { identifyProcess, isRunning } from './process-table';

// More than the time that is given to what does not end.
jest.setTimeout(20_000);

/** A shell with children: in its group, in sessions of their own, deaf to SIGTERM, stopped. */
const withChildren = `
  sleep 600 & setsid sleep 601 & (trap "" TERM; sleep 602; sleep 602) &
  (kill -STOP $(exec sh -c 'echo $PPID'); sleep 603) &
  echo ready; wait`;

/** Where each family writes, which all of it have open, however far they went. */
const outputs: string[] = [];

async function startFamily(script: string, env: NodeJS.ProcessEnv = {}): Promise<Family> {
  const id = randomUUID();
  const child = spawn('/bin/sh', ['-c', script], {
    env: { PATH: process.env.PATH, LUOFLEET_INSTANCE: id, ...env },
    detached: true,
    // What is left of a family must not keep whoever reads what this process writes.
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  outputs.push(readlinkSync(`/proc/${child.pid}/fd/1`));
  await once(child.stdout, 'data');
  return { id, process: identifyProcess(child.pid ?? 0)! };
}

function outputOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/1`);
  } catch {
    return 'gone';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}

describe('endFamily', () => {
  // By other means than what is tested: a family that stays keeps this process from ending.
  afterEach(() => {
    const isLeft = (pid: string) => outputs.includes(outputOf(pid));
    for (;;) {
      const left = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isLeft(name));
      if (left.length === 0) break;
      for (const pid of left) kill(Number(pid));
    }
    outputs.length = 0;
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

  describe('where there are cgroups', () => {
    const LEAVE = 'env -i setsid sh -c "echo ready; exec sleep 604" & wait';
    const directories: string[] = [];

    /** An instance with a process that only the cgroup tells of; null where this machine gives none to whoever runs this. */
    async function startInCgroup(script = LEAVE) {
      const id = randomUUID();
      const procs = makeCgroup(id);
      if (procs === null) return null;
      const directory = path.dirname(procs);
      directories.push(directory);
      const { process: leader } = await startFamily(`echo $$ >$CGROUP/cgroup.procs; ${script}`, {
        CGROUP: directory,
      });
      const members = membersOf({ id, process: { pid: 0, startTicks: '' } });
      expect(members.length).toBeGreaterThanOrEqual(2);
      return { id, process: leader, members, directory };
    }

    beforeEach(() => useCgroupsOf('/one'));
    afterEach(async () => {
      useCgroupsOf('/one');
      for (const directory of directories.splice(0)) {
        const nobody = { pid: 0, startTicks: '' };
        await endFamily({ id: path.basename(directory), process: nobody }, 0);
      }
    });

    it('has none where the kernel has none', () => {
      const read = jest.spyOn(fs, 'readFileSync').mockImplementation(() => {
        throw new Error('ENOENT: /proc/self/cgroup');
      });
      useCgroupsOf('/one');
      read.mockRestore();
      expect(makeCgroup(randomUUID())).toBeNull();
    });

    it('ends what has left session and environment', async () => {
      const one = await startInCgroup();
      if (one === null) return;
      expect(await endFamily(one, 0)).toEqual([]);
      expect(one.members.filter(isRunning)).toEqual([]);
      expect(existsSync(one.directory)).toBe(false);
    });

    it('ends what went into a cgroup that it made itself', async () => {
      const one = await startInCgroup(
        `mkdir $CGROUP/own; echo $$ >$CGROUP/own/cgroup.procs; ${LEAVE}`,
      );
      if (one === null) return;
      expect(await endFamily(one, 5_000)).toEqual([]);
      expect(one.members.filter(isRunning)).toEqual([]);
      expect(existsSync(one.directory)).toBe(false);
    });

    it('ends what an instance left while there was no agent, and nothing of others', async () => {
      const gone = await startInCgroup();
      const alive = await startInCgroup();
      if (gone === null || alive === null) return;
      process.kill(gone.process.pid, 'SIGKILL');
      const left = gone.members.filter(({ pid }) => pid !== gone.process.pid);

      useCgroupsOf('/another');
      expect(await endStrays('/another', new Set())).toEqual([]);
      expect(left.filter(isRunning)).toEqual(left);

      useCgroupsOf('/one');
      expect(await endStrays('/one', new Set([alive.id]))).toEqual([]);
      expect(left.filter(isRunning)).toEqual([]);
      expect(alive.members.filter(isRunning)).toEqual(alive.members);
      expect([gone, alive].map(({ directory }) => existsSync(directory))).toEqual([false, true]);
    });
  });
});
