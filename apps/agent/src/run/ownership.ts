// What only one agent may own: a state directory, and the path of a workload socket.
//
// Happy path: each has a lock file, owned from the start to the end of this process (file-lock.ts in libs/linux). The runtime
// that follows by execve is the same process and keeps the locks, as long as the descriptors in LUOFLEET_LOCKS stay open.
// Unhappy paths: what another process owns is refused with OwnershipError, before anything of it was touched. A socket that
// a killed agent left behind is removed; one that answers, or a file that is no socket, is somebody else's and stays. So is
// another socket than that of workloads that live on: they know only the one they were started with, and would serve twice.
// Ordering: locks before the journal is opened or anything is written; the socket is looked at right before listening.
import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  type BigIntStats,
} from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { lockFile, lockForExecve } from '@luofleet/linux';
import type { Log } from '../log';
import { describeError } from '../model/reason';
import { replaceFile } from '../images/replace-file';
import { InstanceRecord } from '../workloads/instance-record';
import type { AgentSettings } from '../settings/agent-settings';

const VARIABLE = 'LUOFLEET_LOCKS';

export class OwnershipError extends Error {
  readonly code = 'ALREADY_OWNED';
  constructor(
    subject: string,
    detail: string,
    todo = 'an agent needs a stateDir and a socket of its own',
  ) {
    super(`${subject} ${detail}; ${todo}`);
    this.name = 'OwnershipError';
  }
}

/** By device and inode. A process has its locks once, so this is as much a part of it as they are. */
const locks = new Map<string, number>();

/**
 * Makes both this process's own, again and again if need be. Throws OwnershipError. A disk that takes no lock file is told and
 * stops nothing, as it does not elsewhere; the socket is still nobody else's.
 */
export function takeOwnership(
  { stateDir, socket }: Pick<AgentSettings, 'stateDir' | 'socket'>,
  log: Pick<Log, 'error'>,
): void {
  const inherited = inheritedLocks();
  const owned = [
    { file: path.join(stateDir, 'lock'), mode: 0o700, subject: `the state directory ${stateDir}` },
    { file: `${socket}.lock`, mode: 0o755, subject: `the workload socket ${socket}` },
  ];
  for (const { file, mode, subject } of owned) {
    try {
      mkdirSync(path.dirname(file), { recursive: true, mode });
      own(file, subject, inherited);
    } catch (error) {
      if (error instanceof OwnershipError) throw error;
      log.error('a lock can not be taken', { file, error: describeError(error) });
    }
  }
  keepSocketPath(stateDir, socket, log);
}

/** Throws OwnershipError while workloads live on that were started with another socket. */
function keepSocketPath(stateDir: string, socket: string, log: Pick<Log, 'error'>): void {
  const file = path.join(stateDir, 'socket-path');
  let before: string | null = null;
  try {
    before = readFileSync(file, 'utf8');
  } catch {
    // The first start, or a disk that is told of elsewhere.
  }
  if (before === socket) return;
  const left = before === null ? [] : new InstanceRecord(stateDir).survivors(before);
  if (left.length > 0) {
    const names = left.map(({ workload, process: { pid } }) => `${workload} (pid ${pid})`);
    const detail = `is not ${before}, with which ${names.join(', ')} of this agent were started and live on`;
    const todo = 'set it back, or end these processes first';
    throw new OwnershipError(`the workload socket ${socket}`, detail, todo);
  }
  try {
    replaceFile(file, socket);
  } catch (error) {
    log.error('the path of the socket can not be kept', { file, error: describeError(error) });
  }
}

/** Makes everything ready for an execve; what it has to let through so that the next runtime owns the same. */
export function handOnLocks(): { fds: number[]; env: Record<string, string> } {
  const fds = [...locks.values()];
  for (const fd of fds)
    if (!lockForExecve(fd))
      throw new OwnershipError(`the lock at fd ${fd}`, 'is looked at by another process');
  return { fds, env: { [VARIABLE]: fds.join(',') } };
}

/** The execve has failed, or did not come to be. */
export function takeBackLocks(): void {
  for (const fd of locks.values()) lockFile(fd);
}

/** Removes the socket of an agent that is gone. Throws OwnershipError when something else is there. */
export async function clearSocketPath(socket: string): Promise<void> {
  const found = lstatSync(socket, { throwIfNoEntry: false });
  if (found === undefined) return;
  const subject = `the workload socket ${socket}`;
  if (!found.isSocket()) throw new OwnershipError(subject, 'is a file of another kind');
  if (await isAnswered(socket)) throw new OwnershipError(subject, 'is served by another process');
  rmSync(socket, { force: true });
}

function own(file: string, subject: string, inherited: ReadonlyMap<string, number>): void {
  const before = statSync(file, { bigint: true, throwIfNoEntry: false });
  const found = before === undefined ? '' : idOf(before);
  if (locks.has(found)) return;
  const fd = inherited.get(found) ?? openSync(file, 'a', 0o600);
  const other = lockFile(fd);
  if (other !== null) {
    closeSync(fd);
    const who = other.heldBy > 0 ? `another process (pid ${other.heldBy})` : 'another process';
    throw new OwnershipError(subject, `is owned by ${who}`);
  }
  locks.set(idOf(fstatSync(fd, { bigint: true })), fd);
}

const idOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;

/** Locks that came through an execve, by device and inode. */
function inheritedLocks(): Map<string, number> {
  const fds = (process.env[VARIABLE] ?? '').split(',').filter((text) => /^\d+$/.test(text));
  delete process.env[VARIABLE];
  return new Map(
    fds.map(Number).flatMap((fd): Array<[string, number]> => {
      try {
        return [[idOf(fstatSync(fd, { bigint: true })), fd]];
      } catch {
        // A variable that somebody left behind.
        return [];
      }
    }),
  );
}

const isAnswered = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(socket, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
  });
