import { ftruncateSync } from 'node:fs';
import { call } from './libc';

const MFD_CLOEXEC = 0x1;
const MFD_ALLOW_SEALING = 0x2;
const MFD_HUGETLB = 0x4;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;

/** Seals of a memfd by name; the values are the kernel's bits. */
export const seals = {
  seal: 0x01,
  shrink: 0x02,
  grow: 0x04,
  write: 0x08,
  futureWrite: 0x10,
  exec: 0x20,
} as const;

export interface MemfdOptions {
  /** Initial size in bytes; default 0. */
  size?: number;
  /** Default true: closed by execve unless the flag is cleared. */
  closeOnExec?: boolean;
  /** Default false. */
  allowSealing?: boolean;
  /** Backed by huge pages; default false. Such a memfd can not be preserved (S22). */
  hugePages?: boolean;
}

/** A new anonymous file in memory. Throws LinuxError (EINVAL: name over 249 bytes; EMFILE, ENFILE, ENOMEM). */
export function memfdCreate(name: string, options: MemfdOptions = {}): number {
  const flags =
    (options.closeOnExec === false ? 0 : MFD_CLOEXEC) |
    (options.allowSealing === true ? MFD_ALLOW_SEALING : 0) |
    (options.hugePages === true ? MFD_HUGETLB : 0);
  const fd = call({ operation: 'memfd_create', subject: name }, 'memfd_create', name, flags);
  if (options.size !== undefined) ftruncateSync(fd, options.size);
  return fd;
}

/** Adds seals; they can not be removed. EPERM when sealing is not allowed or already sealed. */
export function addSeals(fd: number, mask: number): void {
  call({ operation: 'fcntl F_ADD_SEALS', subject: `fd ${fd}` }, 'fcntl', fd, F_ADD_SEALS, mask);
}

/** The seals of a memfd as bits of `seals`. EINVAL when the descriptor does not know seals. */
export const getSeals = (fd: number): number =>
  call({ operation: 'fcntl F_GET_SEALS', subject: `fd ${fd}` }, 'fcntl', fd, F_GET_SEALS, 0);
