import { constants } from 'node:os';
import { closeOnExecFrom, setCloseOnExec } from './descriptors';
import { call, callRaw } from './libc';
import { isLinuxError } from './linux-error';

// These three numbers are the same on every architecture.
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;

const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x0100_0000;
const P_ALL = 0;
/** siginfo_t of 64-bit Linux. */
const SIGINFO_BYTES = 128;
const SIGINFO_PID_OFFSET = 16;
const PR_SET_CHILD_SUBREAPER = 36;

type SignalName = NodeJS.Signals;
const signalNumber = (signal: SignalName | 0): number =>
  signal === 0 ? 0 : constants.signals[signal];

export interface ExecveRequest {
  /** Absolute path of the next image. */
  path: string;
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Descriptors that go on besides 0, 1 and 2. All others are closed, whatever their flag says. */
  keepFds?: readonly number[];
}

/**
 * Replaces this process: the pid and `keepFds` stay, memory is gone. Does not return when it works.
 * When it fails every descriptor is close-on-exec (again) and LinuxError (ENOENT, EACCES, ENOEXEC, E2BIG, ...) is thrown;
 * the process goes on as before. Nothing else of this thread runs in between, so no child can get what is let through.
 */
export function execve(request: ExecveRequest): never {
  const env = Object.entries(request.env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const about = { operation: 'execve', subject: request.path };
  closeOnExecFrom(3);
  try {
    for (const fd of [0, 1, 2, ...(request.keepFds ?? [])]) setCloseOnExec(fd, false);
    call(about, 'execve', request.path, [...request.argv, null], [...env, null]);
  } catch (error) {
    closeOnExecFrom(0);
    throw error;
  }
  throw new Error(`execve of ${request.path} returned without an errno`);
}

/** A descriptor (close-on-exec) for a process. ESRCH when it does not exist. Readable once the process has ended. */
export const pidfdOpen = (pid: number): number =>
  call({ operation: 'pidfd_open', subject: `pid ${pid}` }, 'pidfd', SYS_pidfd_open, pid, 0, 0, 0);

/**
 * Takes a duplicate (close-on-exec) of another process's descriptor.
 * EBADF: not open there; EPERM: not allowed to trace it; ESRCH: it ended.
 */
export function pidfdGetfd(pidfd: number, targetFd: number): number {
  const about = { operation: 'pidfd_getfd', subject: `fd ${targetFd} of pidfd ${pidfd}` };
  return call(about, 'pidfd', SYS_pidfd_getfd, pidfd, targetFd, 0, 0);
}

/** Signals the process behind a pidfd, never a reused pid. Signal 0 only asks whether it is there. ESRCH when not. */
export function pidfdSendSignal(pidfd: number, signal: SignalName | 0): void {
  const about = { operation: `pidfd_send_signal ${signal}`, subject: `pidfd ${pidfd}` };
  call(about, 'pidfd', SYS_pidfd_send_signal, pidfd, signalNumber(signal), 0, 0);
}

/** Signals by pid; a negative one is a process group. */
export function kill(pid: number, signal: SignalName | 0): void {
  call({ operation: `kill ${signal}`, subject: `pid ${pid}` }, 'kill', pid, signalNumber(signal));
}

/** How a child ended. */
export type ChildExit =
  | { pid: number; exitCode: number; signal: null }
  | { pid: number; exitCode: null; signal: SignalName | null };

/**
 * Reaps a child that has ended, without waiting; `undefined` while it runs. `pid` -1 takes any child.
 * For children that Node did not spawn in this image (inherited over execve, or re-parented here): Node reaps its own.
 * ECHILD when there is no such child.
 */
export function reapChild(pid: number): ChildExit | undefined {
  const status = Buffer.alloc(4);
  const about = { operation: 'waitpid', subject: `pid ${pid}` };
  const reaped = call(about, 'waitpid', pid, status, WNOHANG);
  if (reaped === 0) return undefined;
  const bits = status.readInt32LE(0);
  const signal = bits & 0x7f;
  if (signal === 0) return { pid: reaped, exitCode: (bits >> 8) & 0xff, signal: null };
  return { pid: reaped, exitCode: null, signal: signalName(signal) };
}

/** A child that has ended and that nobody has reaped yet; it stays so. `undefined` when there is none. */
export function endedChild(): number | undefined {
  const info = Buffer.alloc(SIGINFO_BYTES);
  const about = { operation: 'waitid', subject: 'any child' };
  try {
    call(about, 'waitid', P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT);
  } catch (error) {
    if (isLinuxError(error, 'ECHILD')) return undefined;
    throw error;
  }
  return info.readInt32LE(SIGINFO_PID_OFFSET) || undefined;
}

function signalName(number: number): SignalName | null {
  const entry = Object.entries(constants.signals).find(([, value]) => value === number);
  return entry === undefined ? null : (entry[0] as SignalName);
}

/**
 * SIGALRM, which ends a process that does not handle it, in so many whole seconds; 0 takes it back. Survives execve, and is
 * for no child.
 */
export function setAlarm(seconds: number): void {
  callRaw('alarm', seconds);
}

/**
 * From now on the signal does by default what it does, whoever listens for it in Node. Signals that were caught before are still
 * heard, in a later turn of the event loop; taking all listeners off and putting one on again undoes this.
 */
export function defaultSignal(signal: SignalName): void {
  callRaw('signal', signalNumber(signal), null);
}

/** Whether orphaned grandchildren are re-parented to this process. */
export function setChildSubreaper(enabled: boolean): void {
  const about = { operation: 'prctl PR_SET_CHILD_SUBREAPER', subject: String(enabled) };
  call(about, 'prctl', PR_SET_CHILD_SUBREAPER, enabled ? 1 : 0, 0, 0, 0);
}
