// Ends everything that belongs to an instance: its process, what that has started, and what these have.
//
// Happy path: SIGTERM to all, and nobody is left before the grace is over.
// Unhappy paths: who is left gets SIGKILL; a stopped process is continued, so that it can end by itself. One that the
// kernel does not let end (it waits for a device, or is frozen from outside) is told by pid and state and left: nothing
// waits for it for ever.
// Ordering: looked up again after each round, because the last of them may have started others.
import { setTimeout as delay } from 'node:timers/promises';
import { isLinuxError, kill } from '@luofleet/linux';
import { instancesWithCgroup, killCgroup, pidsInCgroup, removeCgroup } from './instance-cgroup';
import {
  findFamily,
  findStrays,
  identifyProcess,
  isRunning,
  stateLetter,
  type ProcessIdentity,
} from './process-table';

const POLL_MS = 20;
/** From SIGKILL on. The kernel needs milliseconds, unless it can not. */
const KILL_LIMIT_MS = 5_000;

export type Family = { id: string; process: ProcessIdentity };

/** All of them that run now. */
export function membersOf(family: Family): ProcessIdentity[] {
  const members = new Map(findFamily(family).map((one) => [one.pid, one]));
  for (const pid of pidsInCgroup(family.id)) {
    const process = members.has(pid) ? null : identifyProcess(pid);
    if (process !== null) members.set(pid, process);
  }
  return [...members.values()];
}

/** SIGTERM, and continues whoever is stopped: only then it can follow. */
export function terminate(processes: readonly ProcessIdentity[]): void {
  for (const signal of ['SIGTERM', 'SIGCONT'] as const) signalAll(processes, signal);
}

/** Ends all of it, with SIGTERM first if there is a grace. Resolves with those that the kernel does not let end, in words. */
export async function endFamily(family: Family, graceMs: number): Promise<string[]> {
  const list = () => membersOf(family);
  if (graceMs > 0 && list().length > 0) {
    terminate(list());
    await untilGone(list, graceMs);
  }
  killCgroup(family.id);
  const left = await killAll(list);
  removeCgroup(family.id);
  return left;
}

/** Ends what instances that no longer run have left behind, however far it went from them. Resolves like `endFamily`. */
export async function endStrays(socket: string, alive: ReadonlySet<string>): Promise<string[]> {
  const ended = instancesWithCgroup().filter((instance) => !alive.has(instance));
  ended.forEach(killCgroup);
  const left = await killAll(() => [
    ...findStrays(socket, alive),
    ...ended.flatMap(pidsInCgroup).flatMap((pid) => identifyProcess(pid) ?? []),
  ]);
  ended.forEach(removeCgroup);
  return left;
}

/** SIGKILL until `list` is empty. Resolves with those that do not end, in words. */
export async function killAll(list: () => ProcessIdentity[]): Promise<string[]> {
  const deadline = performance.now() + KILL_LIMIT_MS;
  for (let left = list(); left.length > 0; left = list()) {
    if (performance.now() > deadline) return left.map(inWords);
    signalAll(left, 'SIGKILL');
    const round = left;
    await untilGone(() => round, deadline - performance.now());
  }
  return [];
}

const inWords = ({ pid }: ProcessIdentity): string =>
  `pid ${pid} does not end ${KILL_LIMIT_MS} ms after SIGKILL (state ${stateLetter(pid)})`;

/** Resolves once the list is empty, or the time is over. */
async function untilGone(list: () => ProcessIdentity[], limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  let known: ProcessIdentity[] = [];
  for (;;) {
    known = known.filter(isRunning);
    if (known.length === 0) known = list().filter(isRunning);
    if (known.length === 0 || performance.now() > deadline) return;
    await delay(POLL_MS);
  }
}

function signalAll(
  processes: readonly ProcessIdentity[],
  signal: 'SIGTERM' | 'SIGCONT' | 'SIGKILL',
): void {
  for (const one of processes) {
    try {
      if (isRunning(one)) kill(one.pid, signal);
    } catch (error) {
      // Gone meanwhile; or not ours to signal, and then it is still there when the time is over.
      if (!isLinuxError(error, 'ESRCH', 'EPERM')) throw error;
    }
  }
}
