// Who owns a file. Two locks of the kernel's say it together, and both outlive an execve while the descriptor stays open:
// - a record lock of fcntl belongs to the process and names it, but is gone as soon as the process closes any descriptor of the
//   file, whoever had opened that and for what;
// - a lock of flock belongs to the open file, and stays until the last descriptor of that is closed.
// NFS makes record locks of both, which would refuse each other: there the first one has to do.
import { statfsSync } from 'node:fs';
import { call } from './libc';
import { isLinuxError } from './linux-error';

const F_GETLK = 5;
const F_SETLK = 6;
const F_WRLCK = 1;
const LOCK_EX_NB = 2 | 4;
const NFS_MAGIC = 0x6969;

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
 * already; else who has it (pid 0 when that is not known here). No child may inherit the descriptor: it would own the file too.
 */
export function lockFile(fd: number): { heldBy: number } | null {
  const subject = `fd ${fd}`;
  try {
    call({ operation: 'fcntl F_SETLK', subject }, 'fcntlLock', fd, F_SETLK, wholeFile());
    if (statfsSync(`/proc/self/fd/${fd}`).type !== NFS_MAGIC)
      call({ operation: 'flock LOCK_EX', subject }, 'flock', fd, LOCK_EX_NB);
    return null;
  } catch (error) {
    if (!isLinuxError(error, 'EACCES', 'EAGAIN')) throw error;
  }
  const lock = wholeFile();
  call({ operation: 'fcntl F_GETLK', subject }, 'fcntlLock', fd, F_GETLK, lock);
  return { heldBy: lock.readInt32LE(PID_OFFSET) };
}
