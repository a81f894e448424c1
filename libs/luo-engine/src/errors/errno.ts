/** Linux errno numbers (asm-generic) that the engine or a file handler can answer with. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EDEADLK: 35,
  ENODATA: 61,
  EPROTO: 71,
  EBADMSG: 74,
  EOPNOTSUPP: 95,
  EADDRNOTAVAIL: 99,
  ETIMEDOUT: 110,
  ESTALE: 116,
  ECANCELED: 125,
} as const;

/** Name of an errno the engine knows, for example `ENOSPC`. */
export type ErrnoName = keyof typeof ERRNO;

/** True for a name in {@link ERRNO}. */
export function isErrnoName(name: unknown): name is ErrnoName {
  return typeof name === 'string' && Object.hasOwn(ERRNO, name);
}

/**
 * Errno name of anything a handler may throw: an object whose `code` is a known errno name keeps it
 * (Node's system errors, {@link HandlerError}, `LuoError`); everything else is `EIO`.
 */
export function errnoNameOf(thrown: unknown): ErrnoName {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown) {
    const { code } = thrown;
    if (isErrnoName(code)) return code;
  }
  return 'EIO';
}

/** Errno name of a positive number; `EIO` for one that is not known here. */
export function errnoNameOfNumber(errno: number): ErrnoName {
  for (const [name, number] of Object.entries(ERRNO)) {
    if (number === errno) return name as ErrnoName;
  }
  return 'EIO';
}

/** Thrown by a file handler to answer with a chosen errno, as a kernel handler returns `-EIO`. */
export class HandlerError extends Error {
  override readonly name = 'HandlerError';
  readonly errno: number;

  constructor(
    readonly code: ErrnoName,
    detail: string = code,
  ) {
    super(detail);
    this.errno = ERRNO[code];
  }
}
