// Looks at processes through /proc. A process is named by pid and start time, so that a pid used again by somebody
// else is never taken for ours.

import { readFileSync, readdirSync } from 'node:fs';
import { fieldOf } from './thrown.mjs';

/** Environment variable that every process of a run carries, and hands to its children. */
export const RUN_MARK = 'LUOFLEET_RUN';

const FIELD_STATE = 0;
const FIELD_START_TIME = 19;

/** When a process started, in clock ticks since boot; undefined when it is gone or only waits to be reaped. */
export function startTimeOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before may hold spaces and brackets
    return fields[FIELD_STATE] === 'Z' ? undefined : fields[FIELD_START_TIME];
  } catch {
    return undefined;
  }
}

/** Whether the very process that was recorded still runs. */
export const isRunning = ({ pid, startTime }) =>
  startTime !== undefined && startTimeOf(pid) === startTime;

/** A record of a running process. */
export const identify = (pid) => ({ pid, startTime: startTimeOf(pid) });

/**
 * Every process of the given run, apart from this one and those in `except`: those that carry its mark, and those
 * whose environment points into its folder (agents give workloads an environment of their own).
 */
export function processesOfRun(runId, except = []) {
  const isOfRun = (entry) => entry === `${RUN_MARK}=${runId}` || entry.includes(`/runs/${runId}/`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(
      (pid) => pid !== process.pid && !except.includes(pid) && environmentOf(pid).some(isOfRun),
    )
    .map(identify)
    .filter(isRunning);
}

function environmentOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return []; // gone, or not ours to look at
  }
}

/** Sends a signal to a recorded process, or to the group it leads; nothing happens when it is gone. */
export function signalProcess(record, signal, { group = false } = {}) {
  if (!isRunning(record)) return;
  try {
    process.kill(group ? -record.pid : record.pid, signal);
  } catch (error) {
    if (fieldOf(error, 'code') !== 'ESRCH') throw error;
  }
}

/** Resolves to true once the process is gone, to false when it is still there after `timeoutMs`. */
export async function waitUntilGone(record, timeoutMs) {
  const pollEveryMs = 25; // not our child, perhaps: there is no event to wait for
  for (let waitedMs = 0; isRunning(record); waitedMs += pollEveryMs) {
    if (waitedMs >= timeoutMs) return false;
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
  }
  return true;
}
