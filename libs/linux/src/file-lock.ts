// Record locks of fcntl. They belong to the process: execve keeps them while the descriptor stays open, a child that
// inherits the descriptor does not own them, and they are gone with the process, however it ends.
import { call } from './libc';
import { isLinuxError } from './linux-error';

const F_GETLK = 5;
const F_SETLK = 6;
const F_WRLCK = 1;

/** struct flock of 64-bit Linux: type, whence, start, length (0: to the end), pid of the holder. */
const FLOCK_BYTES = 32;
const PID_OFFSET = 24;

const wholeFile = (): Buffer => {
  const lock = Buffer.alloc(FLOCK_BYTES);
  lock.writeInt16LE(F_WRLCK, 0);
  return lock;
};

/**
 * Locks the whole file behind a writable descriptor for this process. Null when that worked, also when it had the lock
 * already; else who has it (pid 0 when that process is not visible from here). Do not close another descriptor of the same
 * file afterwards: the kernel drops the lock with it.
 */
export function lockFile(fd: number): { heldBy: number } | null {
  const subject = `fd ${fd}`;
  try {
    call({ operation: 'fcntl F_SETLK', subject }, 'fcntlLock', fd, F_SETLK, wholeFile());
    return null;
  } catch (error) {
    if (!isLinuxError(error, 'EACCES', 'EAGAIN')) throw error;
  }
  const lock = wholeFile();
  call({ operation: 'fcntl F_GETLK', subject }, 'fcntlLock', fd, F_GETLK, lock);
  return { heldBy: lock.readInt32LE(PID_OFFSET) };
}
