/**
 * DOC: errors and warnings
 *
 * What the kernel answers with a negative errno is a thrown {@link LuoError}; where the kernel only prints a
 * warning, the engine tells the warning sink and goes on. A handler's own failure keeps its errno and becomes the
 * cause. An error that passes through several layers keeps the innermost detail and gains the outer subject.
 */
import { ERRNO, errnoNameOf, type ErrnoName } from './errno';

/** What the engine was doing when it failed. */
export type LuoOperation =
  | 'register'
  | 'unregister'
  | 'register-flb'
  | 'unregister-flb'
  | 'get-flb'
  | 'boot'
  | 'open'
  | 'create-session'
  | 'retrieve-session'
  | 'get-name'
  | 'preserve'
  | 'unpreserve'
  | 'freeze'
  | 'unfreeze'
  | 'deserialize'
  | 'retrieve'
  | 'finish'
  | 'close'
  | 'allocate'
  | 'free'
  | 'seal';

/** What it failed on. Only the known parts are set. */
export interface LuoSubject {
  /** Session name. */
  readonly session?: string;
  /** The user's u64 name of the file. */
  readonly token?: bigint;
  /** `compatible` string of the handler, or name of the shared object. */
  readonly compatible?: string;
  /** Address in the handover memory. */
  readonly address?: bigint;
}

function describe({ session, token, compatible, address }: LuoSubject): string {
  const parts: string[] = [];
  if (session !== undefined) parts.push(`session "${session}"`);
  if (token !== undefined) parts.push(`token 0x${token.toString(16)}`);
  if (compatible !== undefined) parts.push(`handler "${compatible}"`);
  if (address !== undefined) parts.push(`address 0x${address.toString(16)}`);
  return parts.length === 0 ? '' : ` of ${parts.join(', ')}`;
}

/**
 * Every failure of the engine. `code` and `errno` are what the kernel's call would have answered with,
 * `operation` and `subject` say where, the message says what to do; a handler's own error is `cause`.
 */
export class LuoError extends Error {
  override readonly name = 'LuoError';
  /** Positive errno number, for example 28 for `ENOSPC`. */
  readonly errno: number;

  constructor(
    readonly code: ErrnoName,
    readonly operation: LuoOperation,
    readonly subject: LuoSubject,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}${describe(subject)} failed with ${code}: ${detail}`, options);
    this.errno = ERRNO[code];
  }

  /** The same failure with more of its subject known. */
  within(subject: LuoSubject): LuoError {
    const options = this.cause === undefined ? undefined : { cause: this.cause };
    const { code, operation, detail } = this;
    return new LuoError(code, operation, { ...subject, ...this.subject }, detail, options);
  }
}

/** Anything thrown within an operation as its failure: keeps the errno, names the operation and the subject. */
export function failureOf(operation: LuoOperation, subject: LuoSubject, thrown: unknown): LuoError {
  if (thrown instanceof LuoError) {
    if (thrown.operation === operation) return thrown.within(subject);
    return new LuoError(thrown.code, operation, subject, thrown.detail, { cause: thrown });
  }
  const detail =
    thrown instanceof Error && thrown.message !== ''
      ? `the handler refused: ${thrown.message}`
      : 'the handler refused';
  return new LuoError(errnoNameOf(thrown), operation, subject, detail, { cause: thrown });
}

/**
 * A condition on which the kernel only warns (`WARN_ON`, `pr_warn`): the operation goes on, somebody should know.
 */
export interface LuoWarning {
  readonly operation: LuoOperation;
  readonly subject: LuoSubject;
  readonly detail: string;
  readonly cause?: unknown;
}

/** Where warnings go. The engine has no logger of its own. */
export type WarningSink = (warning: LuoWarning) => void;
