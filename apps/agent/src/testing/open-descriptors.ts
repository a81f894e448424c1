// Who holds what, as /proc tells it: an agent, its workloads, and whatever these started.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

export interface OpenDescriptor {
  pid: number;
  /** `agent`, or the workload's name. */
  owner: string;
  fd: number;
  link: string;
  closeOnExec: boolean;
  /** Device and inode: two descriptors with the same are one file. */
  identity: string;
}

/** By pid: every process that was started as, or by, a workload of the agent with this socket. */
export function workloadFamilies(socket: string): Map<number, string> {
  const families = new Map<number, string>();
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    const env = textOf(`/proc/${pid}/environ`).split('\0');
    const workload = env.find((pair) => pair.startsWith('LUOFLEET_WORKLOAD='))?.split('=')[1];
    if (workload !== undefined && env.includes(`LUOFLEET_SOCKET=${socket}`))
      families.set(pid, workload);
  }
  return families;
}

/** All descriptors of these processes that can be shared: not those on devices and the kernel's anonymous ones. */
export function openDescriptors(owners: ReadonlyMap<number, string>): OpenDescriptor[] {
  return [...owners].flatMap(([pid, owner]) => {
    const fds = entriesOf(`/proc/${pid}/fd`).map(Number);
    const all = fds.flatMap((fd) => look(pid, owner, fd) ?? []);
    return all.filter(({ link }) => !link.startsWith('anon_inode:') && !link.startsWith('/dev/'));
  });
}

/** Files that more than one owner holds, each in words. */
export function sharedBetweenOwners(descriptors: readonly OpenDescriptor[]): string[] {
  return descriptors.flatMap(({ pid, owner, fd, link, identity }) => {
    const others = descriptors.filter((one) => one.identity === identity && one.owner !== owner);
    if (others.length === 0) return [];
    const names = [...new Set(others.map((one) => one.owner))].join(', ');
    return [`${owner} ${pid} has ${link} as ${fd}, and so has ${names}`];
  });
}

/** Descriptors of live update: its device, and sessions. */
export function liveUpdateDescriptors(owners: ReadonlyMap<number, string>): OpenDescriptor[] {
  return [...owners].flatMap(([pid, owner]) =>
    entriesOf(`/proc/${pid}/fd`).flatMap((fd) => {
      const one = look(pid, owner, Number(fd));
      return one !== null && LIVE_UPDATE.test(one.link) ? [one] : [];
    }),
  );
}

const LIVE_UPDATE = /^\/dev\/liveupdate|^anon_inode:.*luo/;

/** Children of a process that have ended and were not reaped. */
export function zombiesOf(parent: number): number[] {
  return entriesOf('/proc')
    .map(Number)
    .filter((pid) => {
      const stat = Number.isInteger(pid) ? textOf(`/proc/${pid}/stat`) : '';
      const [state, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state === 'Z' && Number(parentPid) === parent;
    });
}

function look(pid: number, owner: string, fd: number): OpenDescriptor | null {
  try {
    const at = `/proc/${pid}/fd/${fd}`;
    const link = readlinkSync(at);
    const { dev, ino } = statSync(at, { bigint: true });
    const flags = /^flags:\s*(\d+)/m.exec(textOf(`/proc/${pid}/fdinfo/${fd}`))?.[1] ?? '0';
    const closeOnExec = (parseInt(flags, 8) & 0o2000000) !== 0;
    return { pid, owner, fd, link, closeOnExec, identity: `${dev}:${ino}` };
  } catch {
    // Closed meanwhile.
    return null;
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
