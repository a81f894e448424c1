// A cgroup for each instance, where this agent may make some: nothing that a workload starts gets out of it, whatever it
// does to its session or its environment. Groups only; no controller is switched on.
//
// Unhappy paths: without cgroup v2, or without the right to write to it (most containers), there is none, and what an
// instance has started is found by session and environment (process-table.ts).
// Ordering: `useCgroupsOf` before anything else here; until then there are none.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Beneath the agent's own, so that limits of the agent's hold for its workloads as they do without. */
const PARENT = 'luofleet-workloads';

/** Where instances' cgroups are; null where there can be none. */
let parent: string | null = null;

/** This process is the agent with this socket. Other agents in its cgroup have other parents, and keep what is theirs. */
export function useCgroupsOf(socket: string): void {
  const agent = createHash('sha256').update(socket).digest('hex').slice(0, 16);
  const above = ownCgroup();
  parent = above === null ? null : path.join(above, PARENT, agent);
}

/** Directory of this process's cgroup; null where the kernel has none, or nothing shows them. */
function ownCgroup(): string | null {
  try {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const mount = mounts.find((line) => line.includes(' - cgroup2 '))?.split(' ')[4];
    const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
    return mount === undefined || own === undefined ? null : path.join(mount, own);
  } catch {
    return null;
  }
}

/** What `act` gives for the cgroup of an instance; `otherwise` when there is none, or the kernel refuses. */
function inCgroup<T>(instance: string, otherwise: T, act: (directory: string) => T): T {
  try {
    // An id that came from elsewhere must not lead elsewhere.
    const isId = /^[\w-]*$/.test(instance);
    return parent === null || !isId ? otherwise : act(path.join(parent, instance));
  } catch {
    return otherwise;
  }
}

/** Makes the cgroup of a new instance. The file that a pid has to be written to, or null. */
export const makeCgroup = (instance: string): string | null =>
  inCgroup<string | null>(instance, null, (directory) => {
    mkdirSync(directory, { recursive: true });
    return path.join(directory, 'cgroup.procs');
  });

/** Pids in the cgroup of an instance, and in those that it has made itself; empty when there is none. */
export const pidsInCgroup = (instance: string): number[] =>
  inCgroup<number[]>(instance, [], (directory) => cgroupsFrom(directory).flatMap(pidsIn));

/** SIGKILL to everything in it at once, also to what is being forked right now. */
export const killCgroup = (instance: string): void =>
  inCgroup(instance, undefined, (directory) =>
    writeFileSync(path.join(directory, 'cgroup.kill'), '1', { flag: 'r+' }),
  );

/** Removes an empty one, with those in it, and the agent's when it was the last; one that is not empty stays. */
export const removeCgroup = (instance: string): void =>
  inCgroup(instance, undefined, (directory) => {
    for (const one of cgroupsFrom(directory).reverse()) rmdirSync(one);
    rmdirSync(path.dirname(directory));
  });

/** Instances of this agent that have a cgroup, be they of an agent process that was killed. */
export const instancesWithCgroup = (): string[] =>
  inCgroup<string[]>('', [], (directory) =>
    directoriesIn(directory).map((one) => path.basename(one)),
  );

/** Empty for one that is gone meanwhile, or that has threads instead. */
function pidsIn(directory: string): number[] {
  try {
    const text = readFileSync(path.join(directory, 'cgroup.procs'), 'utf8');
    return text.split('\n').map(Number).filter(Boolean);
  } catch {
    return [];
  }
}

/** It and all beneath it, each before its own. */
const cgroupsFrom = (directory: string): string[] => [
  directory,
  ...directoriesIn(directory).flatMap(cgroupsFrom),
];

const directoriesIn = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true })
    .filter((one) => one.isDirectory())
    .map(({ name }) => path.join(directory, name));
