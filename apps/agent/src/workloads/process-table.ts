// What /proc says about processes. A process is named by pid and start time, so that a reused pid is never taken for it.
import { readdirSync, readFileSync } from 'node:fs';

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
  /** It has ended: a zombie without a thread that still runs. */
  isOver: boolean;
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
  const [state = '', parentPid] = fields;
  return {
    ...{ state, parentPid: Number(parentPid) },
    sessionId: Number(fields[3]),
    startTicks: fields[19] ?? '',
    isOver: (state === 'Z' || state === 'X') && Number(fields[17]) <= 1,
  };
}

/** The identity of a running process; null when there is none (a zombie is none). */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const stat = readStat(pid);
  return stat === null || stat.isOver ? null : { pid, startTicks: stat.startTicks };
}

/** Whether exactly this process still runs. */
export const isRunning = ({ pid, startTicks }: ProcessIdentity): boolean =>
  identifyProcess(pid)?.startTicks === startTicks;

/** State letter of a running process, as ps shows it. */
export const stateLetter = (pid: number): string => readStat(pid)?.state ?? '';

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

interface FamilyMember {
  process: ProcessIdentity;
  sessionId: number;
  env: Record<string, string | undefined>;
}

function* runningProcesses(): Generator<FamilyMember> {
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const stat = Number.isInteger(pid) ? readStat(pid) : null;
    if (stat === null || stat.isOver) continue;
    const { startTicks, sessionId } = stat;
    yield { process: { pid, startTicks }, sessionId, env: readEnvironment(pid) };
  }
}

const INSTANCE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Workload processes of the agent with this socket by what their environment says, oldest first; not what workloads started
 * themselves, be it in a session of its own. This needs no record, so it also finds a process whose agent was killed right
 * after spawning it. An environment can be made up: only one of this agent's own user is believed.
 */
export function findInstances(socket: string): FoundInstance[] {
  const found: FoundInstance[] = [];
  for (const { process, sessionId, env } of runningProcesses()) {
    const { LUOFLEET_SOCKET, LUOFLEET_WORKLOAD, LUOFLEET_INSTANCE, LUOFLEET_INCARNATION } = env;
    if (LUOFLEET_SOCKET !== socket || !LUOFLEET_WORKLOAD || !LUOFLEET_INSTANCE) continue;
    // Earlier agents did not name the process; it leads its session.
    if (process.pid !== Number(env.LUOFLEET_PID ?? sessionId)) continue;
    if (!INSTANCE_ID.test(LUOFLEET_INSTANCE) || !isOfOurUser(process.pid)) continue;
    found.push({
      ...{ workload: LUOFLEET_WORKLOAD, instance: LUOFLEET_INSTANCE, process },
      incarnationId: LUOFLEET_INCARNATION ?? '',
    });
  }
  return found.sort((a, b) => Number(BigInt(a.process.startTicks) - BigInt(b.process.startTicks)));
}

/** What an instance consists of: its process and everything that that has started and that still runs. */
export function findFamily(instance: { id: string; process: ProcessIdentity }): ProcessIdentity[] {
  const { pid: leader } = instance.process;
  const now = readStat(leader);
  // Its number is another process's only once nobody is left in its session.
  const isReused = now !== null && now.startTicks !== instance.process.startTicks;
  return [...runningProcesses()]
    .filter(
      ({ sessionId, env }) =>
        env.LUOFLEET_INSTANCE === instance.id || (sessionId === leader && leader > 0 && !isReused),
    )
    .map(({ process }) => process);
}

/** What workloads of the agent with this socket have started and left behind: none of these instances runs any more. */
export function findStrays(socket: string, instances: ReadonlySet<string>): ProcessIdentity[] {
  return [...runningProcesses()]
    .filter(
      ({ env: { LUOFLEET_SOCKET, LUOFLEET_INSTANCE } }) =>
        LUOFLEET_SOCKET === socket && LUOFLEET_INSTANCE && !instances.has(LUOFLEET_INSTANCE),
    )
    .map(({ process }) => process);
}

/** By the real user id: who starts a program that is set to another user stays the one who did. */
function isOfOurUser(pid: number): boolean {
  try {
    const uid = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return Number(uid) === process.getuid?.();
  } catch {
    return false;
  }
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
