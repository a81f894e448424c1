// What /proc says about processes. A process is named by pid and start time, so that a reused pid is never taken for it.
import { readdirSync, readFileSync } from 'node:fs';
import { isLinuxError, reapChild } from '@luofleet/linux';

export interface ProcessIdentity {
  pid: number;
  /** Start time in clock ticks since boot (/proc/PID/stat field 22). */
  startTicks: string;
}

interface ProcessStat {
  state: string;
  parentPid: number;
  sessionId: number;
  startTicks: string;
}

function readStat(pid: number): ProcessStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The second field is the program's name in brackets and may hold blanks and brackets itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '',
    parentPid: Number(fields[1]),
    sessionId: Number(fields[3]),
    startTicks: fields[19] ?? '',
  };
}

/** The identity of a running process; null when there is none (a zombie is none). */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const stat = readStat(pid);
  return stat === null || stat.state === 'Z' ? null : { pid, startTicks: stat.startTicks };
}

/** Whether exactly this process still runs. Reaps it when it is an ended child that Node does not know of. */
export function isRunning({ pid, startTicks }: ProcessIdentity): boolean {
  const stat = readStat(pid);
  if (stat?.startTicks !== startTicks) return false;
  if (stat.state !== 'Z') return true;
  try {
    reapChild(pid);
  } catch (error) {
    // Not our child: whoever its parent is will reap it.
    if (!isLinuxError(error, 'ECHILD')) throw error;
  }
  return false;
}

/** Whether `pid` is `ancestor` or was started by it, however indirectly. */
export function descendsFrom(pid: number, ancestor: number): boolean {
  for (let current = pid; current > 1;) {
    if (current === ancestor) return true;
    const stat = readStat(current);
    if (stat === null) return false;
    current = stat.parentPid;
  }
  return false;
}

/** A workload process found running, as its environment names it. */
export interface FoundInstance {
  workload: string;
  instance: string;
  incarnationId: string;
  process: ProcessIdentity;
}

/**
 * Every workload process of the agent with this socket, whoever started it. Workloads are session leaders (spawned so),
 * which tells them from what they started themselves. This needs no record, so it also finds a process whose agent was
 * killed right after spawning it.
 */
export function findInstances(socket: string): FoundInstance[] {
  const found: FoundInstance[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const stat = Number.isInteger(pid) ? readStat(pid) : null;
    if (stat === null || stat.state === 'Z' || stat.sessionId !== pid) continue;
    const env = readEnvironment(pid);
    const { LUOFLEET_SOCKET, LUOFLEET_WORKLOAD, LUOFLEET_INSTANCE, LUOFLEET_INCARNATION } = env;
    if (LUOFLEET_SOCKET !== socket || !LUOFLEET_WORKLOAD || !LUOFLEET_INSTANCE) continue;
    found.push({
      workload: LUOFLEET_WORKLOAD,
      instance: LUOFLEET_INSTANCE,
      incarnationId: LUOFLEET_INCARNATION ?? '',
      process: { pid, startTicks: stat.startTicks },
    });
  }
  return found.sort((a, b) => Number(BigInt(a.process.startTicks) - BigInt(b.process.startTicks)));
}

function readEnvironment(pid: number): Record<string, string | undefined> {
  try {
    const text = readFileSync(`/proc/${pid}/environ`, 'utf8');
    return Object.fromEntries(text.split('\0').map((pair) => split(pair)));
  } catch {
    // Another user's process, or one that has just ended.
    return {};
  }
}

function split(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
}
