// A cgroup for each instance, where this agent may make some: nothing that a workload starts gets out of it, whatever it
// does to its session or its environment. Groups only; no controller is switched on.
//
// Unhappy paths: without cgroup v2, or without the right to write to it (most containers), there is none, and what an
// instance has started is found by session and environment (process-table.ts).
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Beneath the agent's own, so that limits of the agent's hold for its workloads as they do without. */
const PARENT = 'luofleet-workloads';

let parent: string | null | undefined;

/** Where instances' cgroups are; null where there can be none. */
function parentDirectory(): string | null {
  if (parent !== undefined) return parent;
  try {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const mount = mounts.find((line) => line.includes(' - cgroup2 '))?.split(' ')[4];
    const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
    if (mount === undefined || own === undefined) return (parent = null);
    parent = path.join(mount, own, PARENT);
    mkdirSync(parent, { recursive: true });
  } catch {
    parent = null;
  }
  return parent;
}

const directoryOf = (instance: string): string | null => {
  const above = parentDirectory();
  return above === null ? null : path.join(above, instance);
};

/** What `act` gives for the cgroup of an instance; `otherwise` when there is none, or the kernel refuses. */
function inCgroup<T>(instance: string, otherwise: T, act: (directory: string) => T): T {
  const directory = directoryOf(instance);
  try {
    return directory === null ? otherwise : act(directory);
  } catch {
    return otherwise;
  }
}

/** Makes the cgroup of a new instance. The file that a pid has to be written to, or null. */
export const makeCgroup = (instance: string): string | null =>
  inCgroup<string | null>(instance, null, (directory) => {
    mkdirSync(directory);
    return path.join(directory, 'cgroup.procs');
  });

/** Pids in the cgroup of an instance; empty when there is none. */
export const pidsInCgroup = (instance: string): number[] =>
  inCgroup<number[]>(instance, [], (directory) =>
    readFileSync(path.join(directory, 'cgroup.procs'), 'utf8')
      .split('\n')
      .map(Number)
      .filter(Boolean),
  );

/** SIGKILL to everything in it at once, also to what is being forked right now. */
export const killCgroup = (instance: string): void =>
  inCgroup(instance, undefined, (directory) =>
    writeFileSync(path.join(directory, 'cgroup.kill'), '1', { flag: 'r+' }),
  );

/** Removes an empty one; one that is not stays. */
export const removeCgroup = (instance: string): void =>
  inCgroup(instance, undefined, (directory) => rmdirSync(directory));

/** Removes what agents that were killed have left behind; the kernel keeps those that somebody is in. */
export function removeEmptyCgroups(): void {
  const above = parentDirectory();
  if (above === null) return;
  const entries = readdirSync(above, { withFileTypes: true });
  for (const { name } of entries.filter((one) => one.isDirectory())) removeCgroup(name);
}
