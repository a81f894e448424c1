// What a process has inherited besides descriptors, as /proc tells it.
import { readFileSync, readlinkSync } from 'node:fs';

/** By what it is called in messages. */
export type ProcessState = Record<string, string>;

const STATUS = ['Umask', 'SigBlk', 'SigIgn', 'Groups', 'NoNewPrivs', 'Seccomp', 'CapEff'];

/** Signals that Node ignores by itself (SIGPIPE) are in it. Throws when the process is gone. */
export function processState(pid: number): ProcessState {
  const read = (what: string) => readFileSync(`/proc/${pid}/${what}`, 'latin1');
  const status = read('status');
  const stat = read('stat');
  // From the state on: the name before it may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    ...Object.fromEntries(STATUS.map((name) => [name, statusLine(status, name)])),
    ...limitsIn(read('limits')),
    leadsSession: String(Number(fields[3]) === pid),
    terminal: fields[4] ?? '',
    nice: fields[16] ?? '',
    policy: fields[38] ?? '',
    oomScoreAdj: read('oom_score_adj').trim(),
    directory: readlinkSync(`/proc/${pid}/cwd`),
    // An instance has one of its own.
    cgroup: (/^0::(.*)$/m.exec(read('cgroup'))?.[1] ?? '').replace(/[0-9a-f-]{36}/, 'INSTANCE'),
  };
}

/** `name: what it was -> what it is` for each that has changed. */
export function changesOf(before: ProcessState, after: ProcessState): string[] {
  return Object.keys({ ...before, ...after })
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name}: ${before[name]} -> ${after[name]}`);
}

const statusLine = (status: string, name: string): string =>
  new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';

/** The kernel makes these from the memory that it finds at boot. */
const OF_THE_MEMORY = new Set(['Max processes', 'Max pending signals']);

/** Name to `soft hard unit`. */
function limitsIn(limits: string): ProcessState {
  const lines = limits.split('\n').slice(1).filter(Boolean);
  const pairs = lines.map((line) => [line.slice(0, 26).trim(), line.slice(26).trim()] as const);
  return Object.fromEntries(
    pairs
      .filter(([name]) => !OF_THE_MEMORY.has(name))
      .map(([name, values]) => [name, values.replaceAll(/\s+/g, ' ')]),
  );
}

/** What must never be in a workload's environment: it is for the agent, or for another process. */
export function strangeVariables(pid: number): string[] {
  const names = readFileSync(`/proc/${pid}/environ`, 'latin1')
    .split('\0')
    .map((pair) => pair.split('=')[0] ?? '');
  return names.filter((name) => MEANT_FOR_OTHERS.test(name) && !MEANT_FOR_WORKLOADS.test(name));
}

const MEANT_FOR_OTHERS =
  /^(LUOFLEET_|LISTEN_|WATCHDOG_|NOTIFY_SOCKET|CREDENTIALS_|FDSTORE|MAINPID)/;
const MEANT_FOR_WORKLOADS =
  /^(LUOFLEET_(SOCKET|WORKLOAD|INSTANCE|INCARNATION|PID)|LISTEN_(FDS|FDNAMES|PID))$/;
