// Who owns a file, said by two locks of fcntl on two parts of it:
// - its first byte is owned by the open file: closing other descriptors of the file, whoever opened them and for what, changes
//   nothing. It goes on with the descriptor through execve and to children, which therefore must never inherit it;
// - the rest is owned by the process, whose pid the kernel tells to others. This one is lost as soon as the process closes any
//   descriptor of the file, and then only the name is.
// Earlier agents lock the whole file for their process: the two kinds refuse each other, so they and we do.
// Ordering: the rest first, the byte second, in every process. So a file whose rest is held has no other owner to come, and the
// byte can change from one kind of lock to the other without a gap.
import { call } from './libc';
import { isLinuxError } from './linux-error';

const F_GETLK = 5;
const F_SETLK = 6;
const F_OFD_SETLK = 37;
const F_WRLCK = 1;
const F_UNLCK = 2;

/** Start and length (0: to the end). */
const FIRST = [0n, 1n] as const;
const REST = [1n, 0n] as const;

/** struct flock of 64-bit Linux: type, whence, start, length, pid of the holder. */
const FLOCK_BYTES = 32;
const PID_OFFSET = 24;

const record = (type: number, [start, length]: readonly [bigint, bigint]): Buffer => {
  const lock = Buffer.alloc(FLOCK_BYTES);
  lock.writeInt16LE(type, 0);
  lock.writeBigInt64LE(start, 8);
  lock.writeBigInt64LE(length, 16);
  return lock;
};

/** False when somebody else has it. */
function take(fd: number, command: number, part: readonly [bigint, bigint]): boolean {
  const about = { operation: 'fcntl SETLK', subject: `fd ${fd}` };
  try {
    call(about, 'fcntlLock', fd, command, record(F_WRLCK, part));
    return true;
  } catch (error) {
    if (isLinuxError(error, 'EACCES', 'EAGAIN')) return false;
    throw error;
  }
}

function leave(fd: number, command: number, part: readonly [bigint, bigint]): void {
  const about = { operation: 'fcntl SETLK', subject: `fd ${fd}` };
  call(about, 'fcntlLock', fd, command, record(F_UNLCK, part));
}

/**
 * Owns the file behind a writable, close-on-exec descriptor, until that is closed or the process ends. Null when that worked,
 * also when it owned it already, by whichever kind of lock; else who does (pid 0 when that is not known here).
 */
export function lockFile(fd: number): { heldBy: number } | null {
  if (!take(fd, F_SETLK, REST)) {
    const other = record(F_WRLCK, REST);
    call({ operation: 'fcntl GETLK', subject: `fd ${fd}` }, 'fcntlLock', fd, F_GETLK, other);
    return { heldBy: Math.max(0, other.readInt32LE(PID_OFFSET)) };
  }
  leave(fd, F_SETLK, FIRST);
  if (take(fd, F_OFD_SETLK, FIRST)) return null;
  leave(fd, F_SETLK, REST);
  return { heldBy: 0 };
}

/**
 * Right before an execve: makes the process alone the owner, because an earlier agent would be refused by its own open file.
 * False when somebody else is just finding out that the file is owned. `lockFile` afterwards takes it back.
 */
export function lockForExecve(fd: number): boolean {
  if (!take(fd, F_SETLK, REST)) return false;
  leave(fd, F_OFD_SETLK, FIRST);
  return take(fd, F_SETLK, FIRST);
}
