import { readlinkSync } from 'node:fs';
import {
  identifyDescriptor,
  identifySocket,
  isLinuxError,
  type DescriptorIdentity,
} from '@luofleet/linux';

/** A descriptor the agent holds for a workload: what the engine preserves. */
export interface HostFile {
  /** Number in this process; it stays the same across execve. */
  fd: number;
  /** Name the workload gave it (LISTEN_FDNAMES). */
  name: string;
  workload: string;
  token: bigint;
  /** Device and inode: what it is the same file by, also once the descriptor is closed. */
  identity: string;
}

/** Kinds of descriptors the engine backend can carry, and the name and version of their handlers. */
export const compatibles = {
  memfd: 'luofleet-memfd-v1',
  file: 'luofleet-file-v1',
  tcpListener: 'luofleet-tcp-listener-v1',
} as const;

export type Compatible = (typeof compatibles)[keyof typeof compatibles];

/** Which handler is for this descriptor; null when none is. EBADF when it is not open. */
export function compatibleOf(fd: number): Compatible | null {
  const { kind } = identifyDescriptor(fd);
  if (kind === 'regular') return isMemfd(fd) ? compatibles.memfd : compatibles.file;
  if (kind !== 'socket') return null;
  const { domain, type, listening } = identifySocket(fd);
  const isTcp = (domain === 'inet' || domain === 'inet6') && type === 'stream';
  return isTcp && listening ? compatibles.tcpListener : null;
}

// A memfd is a file without a place in any file system; only its /proc link tells it from an unlinked file on tmpfs.
const isMemfd = (fd: number): boolean => readlinkSync(`/proc/self/fd/${fd}`).startsWith('/memfd:');

/** `HostFile.identity` of an open descriptor. EBADF when it is not open. */
export function identityOf(fd: number): string {
  const { device, inode } = identifyDescriptor(fd);
  return `${device}:${inode}`;
}

/** Identity of an open descriptor; null when it is not open. */
export function identifyOpen(fd: number): DescriptorIdentity | null {
  try {
    return identifyDescriptor(fd);
  } catch (error) {
    const code = isLinuxError(error) ? error.code : (error as NodeJS.ErrnoException).code;
    if (code === 'EBADF') return null;
    throw error;
  }
}
