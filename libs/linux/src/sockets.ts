import { call } from './libc';

const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_PEERCRED = 17;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;

const domains: Readonly<Record<number, SocketDomain>> = { 1: 'unix', 2: 'inet', 10: 'inet6' };
const types: Readonly<Record<number, SocketType>> = { 1: 'stream', 2: 'datagram', 5: 'seqpacket' };

export type SocketDomain = 'unix' | 'inet' | 'inet6' | 'other';
export type SocketType = 'stream' | 'datagram' | 'seqpacket' | 'other';

export interface SocketIdentity {
  domain: SocketDomain;
  type: SocketType;
  /** True when listen() was called on it. */
  listening: boolean;
}

export interface PeerCredentials {
  pid: number;
  uid: number;
  gid: number;
}

const SOCK_CLOEXEC = 0o2000000;
const domainNumbers = { unix: 1, inet: 2, inet6: 10 } as const;
const typeNumbers = { stream: 1, datagram: 2, seqpacket: 5 } as const;

/** A new, unconnected socket. EAFNOSUPPORT, EMFILE, ... */
export function createSocket(
  domain: keyof typeof domainNumbers,
  type: keyof typeof typeNumbers,
): number {
  const about = { operation: 'socket', subject: `${domain} ${type}` };
  return call(about, 'socket', domainNumbers[domain], typeNumbers[type] | SOCK_CLOEXEC, 0);
}

function readOption(fd: number, option: number, name: string, sizeBytes: number): Buffer {
  const value = Buffer.alloc(sizeBytes);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(sizeBytes);
  const about = { operation: `getsockopt ${name}`, subject: `fd ${fd}` };
  call(about, 'getsockopt', fd, SOL_SOCKET, option, value, length);
  return value;
}

/** What kind of socket a descriptor is. ENOTSOCK when it is none. */
export function identifySocket(fd: number): SocketIdentity {
  const domain = readOption(fd, SO_DOMAIN, 'SO_DOMAIN', 4).readInt32LE(0);
  const type = readOption(fd, SO_TYPE, 'SO_TYPE', 4).readInt32LE(0);
  const listening = readOption(fd, SO_ACCEPTCONN, 'SO_ACCEPTCONN', 4).readInt32LE(0) !== 0;
  return { domain: domains[domain] ?? 'other', type: types[type] ?? 'other', listening };
}

/** Who connected to this Unix socket, as recorded by the kernel at connect(). */
export function getPeerCredentials(fd: number): PeerCredentials {
  const value = readOption(fd, SO_PEERCRED, 'SO_PEERCRED', 12);
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}
