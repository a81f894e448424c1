import { constants } from 'node:os';

/** Names that share a number with another one; the kernel's own spelling wins. */
const preferredNames: Readonly<Record<number, string>> = { 11: 'EAGAIN', 95: 'EOPNOTSUPP' };

const namesByNumber: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, value]) => [value, preferredNames[value] ?? name]),
);

/** The symbolic name of an errno, or `ERRNO_<n>` for one that Node does not know. */
export const errnoName = (errno: number): string => namesByNumber.get(errno) ?? `ERRNO_${errno}`;

/**
 * A system call answered with an errno.
 *
 * - `code`: symbolic errno (`EBUSY`), the key callers decide on
 * - `errno`: the positive number
 * - `operation`: the call (`ioctl LIVEUPDATE_SESSION_PRESERVE_FD`)
 * - `subject`: what it was done to (`token 0x1a, fd 12`)
 */
export class LinuxError extends Error {
  readonly code: string;

  constructor(
    readonly errno: number,
    readonly operation: string,
    readonly subject: string,
    options?: ErrorOptions,
  ) {
    super(`${operation} on ${subject} failed: ${errnoName(errno)}`, options);
    this.name = 'LinuxError';
    this.code = errnoName(errno);
  }
}

/** True when `error` is a LinuxError, optionally with one of the given codes. */
export const isLinuxError = (error: unknown, ...codes: string[]): error is LinuxError =>
  error instanceof LinuxError && (codes.length === 0 || codes.includes(error.code));
