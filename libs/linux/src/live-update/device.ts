// /dev/liveupdate and the sessions behind it.
//
// Happy path, before the reboot: open, createSession, preserveFd..., close the device if another process needs it (the
// session lives by its own descriptor, S2), rebootIntoStagedKernel. After it: open, retrieveSession, retrieveFd...,
// finish, close the session.
// Unhappy paths: every refusal is a LinuxError with the kernel's errno; the ones a caller must tell apart are listed at
// each method. Nothing here retries: who owns the device and for how long is the caller's business.
// Ordering: closing an outgoing session releases all it preserved (S9); closing an incoming one finishes it and discards
// what was not retrieved (S11), so finish first and look at the answer.
import { closeDescriptor, openDescriptor } from '../descriptors';
import { call } from '../libc';
import { LinuxError } from '../linux-error';
import {
  emptyArgument,
  fileArgument,
  liveUpdateRequests,
  readFd,
  readName,
  SESSION_NAME_BYTES,
  sessionArgument,
  type LiveUpdateRequest,
} from './uapi';

export const LIVE_UPDATE_DEVICE = '/dev/liveupdate';
const EINVAL = 22;

function liveUpdateIoctl(
  fd: number,
  kind: LiveUpdateRequest,
  argument: Buffer,
  subject: string,
): void {
  const operation = `ioctl liveupdate ${kind}`;
  call({ operation, subject }, 'ioctl', fd, liveUpdateRequests[kind], argument);
}

/**
 * Any ioctl on a live update descriptor with an argument of the caller's making: what conformance checks need to provoke
 * every errno. `argument` is a buffer (the kernel may write to it) or a plain address.
 */
export function rawLiveUpdateIoctl(fd: number, request: number, argument: Buffer | bigint): void {
  const about = { operation: `ioctl 0x${request.toString(16)}`, subject: `fd ${fd}` };
  if (typeof argument === 'bigint') call(about, 'ioctlAddress', fd, request, argument);
  else call(about, 'ioctl', fd, request, argument);
}

/** The live update device, held exclusively while open. */
export class LiveUpdateDevice {
  private constructor(readonly fd: number) {}

  /**
   * Opens the device. LinuxError codes that mean something:
   * ENOENT no such device: live update is off in this kernel (S1); EBUSY somebody else holds it (S2);
   * EIO what the previous kernel left can not be read: only a reboot helps (S4).
   * The first successful open reads what the previous kernel left, so handler modules must be loaded before (S3).
   */
  static open(path: string = LIVE_UPDATE_DEVICE): LiveUpdateDevice {
    return new LiveUpdateDevice(openDescriptor(path, 'r+'));
  }

  /** Takes over an open device descriptor. */
  static adopt(fd: number): LiveUpdateDevice {
    return new LiveUpdateDevice(fd);
  }

  /**
   * A new, empty outgoing session. EINVAL: empty name or over 63 bytes; EEXIST: the name is taken.
   * Keep a registry of names instead of probing: EEXIST itself can do harm (S15).
   */
  createSession(name: string): LiveUpdateSession {
    return this.openSession('createSession', name);
  }

  /** A session of the previous kernel, once. ENOENT: no such session; EINVAL: already retrieved, still open (S10). */
  retrieveSession(name: string): LiveUpdateSession {
    return this.openSession('retrieveSession', name);
  }

  /** Lets the device go; sessions stay. */
  close(): void {
    closeDescriptor(this.fd);
  }

  private openSession(kind: 'createSession' | 'retrieveSession', name: string): LiveUpdateSession {
    const bytes = Buffer.byteLength(name);
    if (bytes >= SESSION_NAME_BYTES || name.includes('\0')) {
      throw new LinuxError(
        EINVAL,
        `liveupdate ${kind}`,
        `the name "${name}": it has ${bytes} bytes, at most ${SESSION_NAME_BYTES - 1} without NUL are allowed`,
      );
    }
    const argument = sessionArgument(kind, name);
    liveUpdateIoctl(this.fd, kind, argument, `session "${name}"`);
    return LiveUpdateSession.adopt(readFd(argument));
  }
}

/** A session, alive as long as its descriptor (or a duplicate of it, in whatever process) is open. */
export class LiveUpdateSession {
  private constructor(readonly fd: number) {}

  /** Takes over an open session descriptor, for example one that was inherited. */
  static adopt(fd: number): LiveUpdateSession {
    return new LiveUpdateSession(fd);
  }

  /**
   * Preserves a descriptor under a token (any u64). In the order in which the kernel looks (D4):
   * EEXIST token used in this session; ENOSPC, ENOMEM no room; EBADF not open; ENOENT no handler takes such a file;
   * EBUSY the same file is preserved already, anywhere, or was retrieved and its session is not finished (D3);
   * then what the handler answers (memfd: EOPNOTSUPP seals, EFBIG size, ENOMEM). EINVAL: an incoming session.
   */
  preserveFd(token: bigint, fd: number): void {
    const argument = fileArgument('preserveFd', token, fd);
    liveUpdateIoctl(this.fd, 'preserveFd', argument, `token ${token}, fd ${fd}`);
  }

  /**
   * The preserved file as a new descriptor (close-on-exec); repeatable until finish.
   * ENOENT: no such token, or finished; EINVAL: an outgoing session; EMFILE; else the handler's errno, which stays:
   * later calls answer the same and the state is gone (D2).
   */
  retrieveFd(token: bigint): number {
    const argument = fileArgument('retrieveFd', token);
    liveUpdateIoctl(this.fd, 'retrieveFd', argument, `token ${token}`);
    return readFd(argument);
  }

  /** Ends an incoming session; what was not retrieved is discarded. EBUSY: a handler is not ready, nothing changed. */
  finish(): void {
    liveUpdateIoctl(this.fd, 'finish', emptyArgument('finish'), `session fd ${this.fd}`);
  }

  getName(): string {
    const argument = emptyArgument('getName');
    liveUpdateIoctl(this.fd, 'getName', argument, `session fd ${this.fd}`);
    return readName(argument);
  }

  /** Closes this descriptor; see the ordering note above for what the last close does. */
  close(): void {
    closeDescriptor(this.fd);
  }
}
