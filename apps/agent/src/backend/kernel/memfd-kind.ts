import { fstatSync } from 'node:fs';
import { getSeals, isLinuxError } from '@luofleet/linux';

/**
 * Whether the kernel's memfd handler is the one for this descriptor. Its rule: a file of shmem that has no name (S22). The
 * link in /proc says it only before the first reboot: a retrieved memfd has lost its name. EBADF when it is not open.
 */
export function isMemfd(fd: number): boolean {
  if (fstatSync(fd).nlink > 0) return false;
  try {
    getSeals(fd); // only files in memory know seals
    return true;
  } catch (error) {
    if (isLinuxError(error, 'EINVAL')) return false;
    throw error;
  }
}
