import { LuofleetError } from '@luofleet/platform';
import { ConflictError } from './conflict.error';

/** SQLSTATEs after which the same work, read anew, may well succeed. */
const CONFLICT_STATES = new Set(['40001', '40P01', '55P03']);
const UNIQUE_VIOLATION = '23505';
/** Prisma's codes for "the database or a connection to it is not to be had". */
const UNREACHABLE = /^(P1\d{3}|P2024|P2028|P2037|ECONN\w+|EPIPE|ETIMEDOUT|57P0\d|08\w{3}|53300)$/;
/** pg gives no code when a connection breaks under a statement, or before it. */
const BROKEN_CONNECTION =
  /^(Connection terminated|Client (has encountered a connection error|was closed) and is not queryable|timeout exceeded when trying to connect)/;
/** What the driver adapter calls the same; a raw query hides it behind a code that says nothing. */
const UNREACHABLE_KINDS: readonly unknown[] = [
  'ConnectionClosed',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TooManyConnections',
];

/** The SQLSTATE (or Prisma or socket code) buried in an error of Prisma over pg; empty when there is none. */
export function databaseCodeOf(thrown: unknown): string {
  for (const candidate of chain(thrown)) {
    const { originalCode, code } = candidate;
    if (typeof originalCode === 'string') return originalCode;
    if (typeof code === 'string' && code !== 'P2010') return code;
  }
  return '';
}

/** Whether an insert or update met a row that already has its unique key. */
export function isUniqueViolation(thrown: unknown): boolean {
  const code = databaseCodeOf(thrown);
  return code === UNIQUE_VIOLATION || code === 'P2002';
}

/**
 * Whether there was no connection in time, or a transaction took too long: Postgres may well be there, and one slow
 * transaction says nothing of what other callers see.
 */
export function isOverload(thrown: unknown): boolean {
  return thrown instanceof LuofleetError || /^P20(24|28)$/.test(databaseCodeOf(thrown));
}

/** Any error out of the database as one that says what was being done. */
export function asDatabaseError(
  thrown: unknown,
  operation: string,
  subject: string,
): LuofleetError {
  if (thrown instanceof LuofleetError) return thrown;
  const code = databaseCodeOf(thrown);
  if (CONFLICT_STATES.has(code) || code === 'P2034' || isUniqueViolation(thrown))
    return new ConflictError(operation, subject, thrown);
  const unreachable = UNREACHABLE.test(code) || hasNoConnection(thrown);
  return new LuofleetError({
    code: unreachable ? 'UNAVAILABLE' : 'INTERNAL',
    operation,
    subject,
    detail: unreachable
      ? `Could not ${operation}: Postgres does not answer; try again once it does.`
      : `Could not ${operation}: Postgres refused a statement; the log has the details.`,
    cause: thrown,
  });
}

function hasNoConnection(thrown: unknown): boolean {
  return chain(thrown).some(
    ({ kind, message }) =>
      UNREACHABLE_KINDS.includes(kind) ||
      (typeof message === 'string' && BROKEN_CONNECTION.test(message)),
  );
}

interface Coded {
  readonly kind?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly originalCode?: unknown;
}

/** The error, what the driver adapter attached to it, and the causes, outermost last: the innermost code is the truest. */
function chain(thrown: unknown): Coded[] {
  const found: Coded[] = [];
  let current: unknown = thrown;
  for (let depth = 0; depth < 8 && typeof current === 'object' && current !== null; depth += 1) {
    found.unshift(current as Coded);
    const next = current as { cause?: unknown; meta?: { driverAdapterError?: unknown } };
    current = next.meta?.driverAdapterError ?? next.cause;
  }
  return found;
}
