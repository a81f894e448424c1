import { closeSync, fstatSync, openSync } from 'node:fs';
import { call } from './libc';
import { LinuxError } from './linux-error';

const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const SEEK_CUR = 1;

const SYS_close_range = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const RLIMIT_NOFILE = 7;

/** Whether execve closes the descriptor. EBADF when it is not open. */
export const getCloseOnExec = (fd: number): boolean =>
  (call({ operation: 'fcntl F_GETFD', subject: `fd ${fd}` }, 'fcntl', fd, F_GETFD, 0) &
    FD_CLOEXEC) !==
  0;

/** Sets or clears close-on-exec. */
export function setCloseOnExec(fd: number, closeOnExec: boolean): void {
  const flags = closeOnExec ? FD_CLOEXEC : 0;
  call({ operation: 'fcntl F_SETFD', subject: `fd ${fd}` }, 'fcntl', fd, F_SETFD, flags);
}

/** The open file's status flags (O_RDONLY, O_APPEND, O_NONBLOCK, ... as in fcntl.h). */
export const getStatusFlags = (fd: number): number =>
  call({ operation: 'fcntl F_GETFL', subject: `fd ${fd}` }, 'fcntl', fd, F_GETFL, 0);

/** Switches O_NONBLOCK. The flag belongs to the open file: all processes that share it see the change. */
export function setNonBlocking(fd: number, nonBlocking: boolean): void {
  const flags = getStatusFlags(fd);
  const wanted = nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  call({ operation: 'fcntl F_SETFL', subject: `fd ${fd}` }, 'fcntl', fd, F_SETFL, wanted);
}

/** A duplicate (close-on-exec) with a number not below `lowest`. */
export const duplicate = (fd: number, lowest = 3): number =>
  call(
    { operation: 'fcntl F_DUPFD_CLOEXEC', subject: `fd ${fd}` },
    'fcntl',
    fd,
    F_DUPFD_CLOEXEC,
    lowest,
  );

/** The open file's position in bytes. ESPIPE for sockets and pipes. */
export const getFileOffset = (fd: number): number =>
  call({ operation: 'lseek', subject: `fd ${fd}` }, 'lseek', fd, 0, SEEK_CUR);

/** Opens a path (Node's flags) close-on-exec. LinuxError like every other call here. */
export function openDescriptor(path: string, flags: string | number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    if (errno === undefined) throw error;
    throw new LinuxError(-errno, 'open', path, { cause: error });
  }
}

/** The two ends of a pipe. */
export interface Pipe {
  readFd: number;
  writeFd: number;
}

/** A new pipe. EMFILE, ENFILE. */
export function createPipe(): Pipe {
  const ends = Buffer.alloc(8);
  call({ operation: 'pipe2', subject: 'a new pipe' }, 'pipe2', ends, O_CLOEXEC);
  return { readFd: ends.readInt32LE(0), writeFd: ends.readInt32LE(4) };
}

/** Closes one descriptor. */
export function closeDescriptor(fd: number): void {
  closeSync(fd);
}

/** Execve closes every descriptor that is open now, from `first` on: whatever is not named afterwards goes to nobody. */
export function closeOnExecFrom(first: number): void {
  const about = { operation: 'close_range CLOEXEC', subject: `fds from ${first}` };
  call(about, 'pidfd', SYS_close_range, first, 0xffff_ffff, CLOSE_RANGE_CLOEXEC, 0);
}

/** What a descriptor is, from fstat. */
export type DescriptorKind =
  'regular' | 'directory' | 'socket' | 'fifo' | 'character-device' | 'block-device' | 'anonymous';

export interface DescriptorIdentity {
  kind: DescriptorKind;
  device: bigint;
  inode: bigint;
  sizeBytes: bigint;
}

/** Kind and identity of the open file: two descriptors with equal device and inode are the same file. */
export function identifyDescriptor(fd: number): DescriptorIdentity {
  const stat = fstatSync(fd, { bigint: true });
  const kind: DescriptorKind = stat.isFile()
    ? 'regular'
    : stat.isSocket()
      ? 'socket'
      : stat.isFIFO()
        ? 'fifo'
        : stat.isDirectory()
          ? 'directory'
          : stat.isCharacterDevice()
            ? 'character-device'
            : stat.isBlockDevice()
              ? 'block-device'
              : 'anonymous';
  return { kind, device: stat.dev, inode: stat.ino, sizeBytes: stat.size };
}

/** Soft and hard limit of open descriptors; `Infinity` where there is none. */
export interface OpenFileLimit {
  soft: number;
  hard: number;
}

const UNLIMITED = 0xffff_ffff_ffff_ffffn;
const fromRlim = (value: bigint): number => (value === UNLIMITED ? Infinity : Number(value));
const toRlim = (value: number): bigint => (value === Infinity ? UNLIMITED : BigInt(value));

export function getOpenFileLimit(): OpenFileLimit {
  const limit = Buffer.alloc(16);
  const about = { operation: 'getrlimit', subject: 'RLIMIT_NOFILE' };
  call(about, 'getrlimit', RLIMIT_NOFILE, limit);
  return { soft: fromRlim(limit.readBigUInt64LE(0)), hard: fromRlim(limit.readBigUInt64LE(8)) };
}

/** EPERM when raising the hard limit without the right to. */
export function setOpenFileLimit(wanted: OpenFileLimit): void {
  const limit = Buffer.alloc(16);
  limit.writeBigUInt64LE(toRlim(wanted.soft), 0);
  limit.writeBigUInt64LE(toRlim(wanted.hard), 8);
  const about = { operation: 'setrlimit', subject: `RLIMIT_NOFILE ${wanted.soft}` };
  call(about, 'setrlimit', RLIMIT_NOFILE, limit);
}
