import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { closeOnExecFrom } from '@luofleet/linux';
import type { WorkloadSettings } from '../settings/agent-settings';
import { makeCgroup } from './instance-cgroup';

/** A descriptor on its way to a workload. */
export interface HandedDescriptor {
  fd: number;
  name: string;
}

export interface SpawnRequest {
  workload: WorkloadSettings;
  instance: string;
  incarnationId: string;
  socket: string;
  /** Output of the workload is appended to NAME.log here. */
  logDir: string;
  descriptors: readonly HandedDescriptor[];
}

/**
 * What is known only after fork: the shell says the pid, joins the cgroup (its $0 is where) before anything of the workload
 * runs, and then becomes the workload, keeping the pid and all descriptors.
 */
const BECOME_WORKLOAD =
  'echo $$ >"$0"; export LUOFLEET_PID=$$; [ -z "$LISTEN_FDS" ] || export LISTEN_PID=$$; exec "$@"';

/** A shell drops variables with names that are none of its own, and sets these itself. */
const NOT_THROUGH_A_SHELL = /^(?![A-Za-z_]\w*$)|^(IFS|OPTIND|PPID|UID|EUID)$/;

/** The supervisor's messages to the agent: its sockets, secrets and watchdog are not the workload's. */
const AGENTS_OWN =
  /^(LUOFLEET_|LISTEN_|WATCHDOG_|(NOTIFY_SOCKET|CREDENTIALS_DIRECTORY|FDSTORE|MAINPID)$)/;

/**
 * Starts a workload process in a session of its own: it outlives a crash of the agent and gets no signals from the
 * agent's terminal. Descriptors arrive from 3 on, in the order given.
 */
export function spawnInstance(request: SpawnRequest): ChildProcess {
  const { workload, instance, descriptors } = request;
  const logFd = openLog(request);
  try {
    const [program = '', ...args] = workload.command;
    const env = environmentFor(request);
    const beside = Object.entries(env).filter(([name]) => NOT_THROUGH_A_SHELL.test(name));
    const command = [
      ...(beside.length === 0 ? [] : ['/usr/bin/env', ...beside.map((pair) => pair.join('='))]),
      program === 'node' ? process.execPath : program,
      ...args,
    ];
    const join = makeCgroup(instance) ?? '/dev/null';
    // Only what is named here goes to the workload, whoever opened something without the flag meanwhile.
    closeOnExecFrom(3);
    const child = spawn('/bin/sh', ['-c', BECOME_WORKLOAD, join, ...command], {
      cwd: workload.cwd,
      env,
      detached: true,
      stdio: ['ignore', logFd, logFd, ...descriptors.map(({ fd }) => fd)],
    });
    child.unref();
    return child;
  } finally {
    closeSync(logFd);
  }
}

/** A workload serves also where its output can not be kept. */
function openLog({ logDir, workload }: SpawnRequest): number {
  try {
    mkdirSync(logDir, { recursive: true });
    return openSync(path.join(logDir, `${workload.name}.log`), 'a', 0o600);
  } catch {
    return openSync('/dev/null', 'a');
  }
}

function environmentFor(request: SpawnRequest): NodeJS.ProcessEnv {
  const { workload, instance, incarnationId, socket, descriptors } = request;
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !AGENTS_OWN.test(name)),
  );
  const handed =
    descriptors.length === 0
      ? {}
      : {
          LISTEN_FDS: String(descriptors.length),
          LISTEN_FDNAMES: descriptors.map(({ name }) => name).join(':'),
        };
  return {
    ...inherited,
    ...workload.env,
    ...handed,
    LUOFLEET_SOCKET: socket,
    LUOFLEET_WORKLOAD: workload.name,
    LUOFLEET_INSTANCE: instance,
    LUOFLEET_INCARNATION: incarnationId,
  };
}
