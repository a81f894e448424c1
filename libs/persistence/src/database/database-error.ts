import { LuofleetError } from '@luofleet/platform';
import { describeThrown } from '@luofleet/platform/text';
import { ConflictError } from './conflict.error';
import { UnstorableError } from './unstorable.error';

/** SQLSTATEs after which the same work, read anew, may well succeed. */
const CONFLICT_STATES = new Set(['40001', '40P01']);
const UNIQUE_VIOLATION = '23505';
/**
 * Codes for "the database, a connection to it, or room in it is not to be had": also a statement or a wait for a lock
 * that took too long, a connection that was ended because it idled in a transaction, and a server that only reads.
 */
const UNREACHABLE =
  /^(P1\d{3}|P2024|P2028|P2037|ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|57\w{3}|08\w{3}|53\w{3}|58\w{3}|55P03|25P03|25006)$/;
/** Too much at once, or too long: says nothing of what other callers see. */
const OVERLOAD = /^(P2024|P2028|57014|55P03)$/;
/** Names of errors of values that are none, found before any statement. */
const NO_VALUE: readonly string[] = ['RangeError', 'TypeError', 'PrismaClientValidationError'];
/** A row given twice, data exceptions, constraints, checks of views, limits, and what a trigger raises: the same row is refused again. */
const UNSTORABLE =
  /^(21\w{3}|22\w{3}|23\w{3}|44\w{3}|54\w{3}|P0001|P2000|P2003|P2004|P2011|P2020)$/;
/** pg gives no code when a connection breaks under a statement, or before it. */
const BROKEN_CONNECTION =
  /^(Connection terminated|Client (has encountered a connection error|was closed) and is not queryable|timeout exceeded when trying to connect|Query read timeout)/;
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
  return thrown instanceof LuofleetError || OVERLOAD.test(databaseCodeOf(thrown));
}

/** Whether a row, or whatever else a statement needed, was held by somebody else for too long. */
export function isLockWait(thrown: unknown): boolean {
  return /^(55P03|57014)$/.test(databaseCodeOf(thrown));
}

/**
 * Why what was to be stored never can be, whoever tries and how often; null when that is not what went wrong. A unique
 * key that is taken may be free the next time, unless whoever tried has tried again.
 */
export function asUnstorable(thrown: unknown): UnstorableError | null {
  if (thrown instanceof UnstorableError) return thrown;
  if (thrown instanceof ConflictError)
    return isUniqueViolation(thrown.cause)
      ? new UnstorableError(thrown.operation, thrown.subject, UNIQUE_VIOLATION, thrown.cause)
      : null;
  if (thrown instanceof LuofleetError || isUniqueViolation(thrown)) return null;
  const code = databaseCodeOf(thrown);
  // A value that no statement can carry, such as a moment after the end of time.
  const isOurs = code === '' && thrown instanceof Error && NO_VALUE.includes(thrown.name);
  return isOurs || UNSTORABLE.test(code)
    ? new UnstorableError('store a row', 'row', code, thrown)
    : null;
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
  const unstorable = asUnstorable(thrown);
  if (unstorable) return new UnstorableError(operation, subject, code, thrown);
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

/** What Postgres, or whoever else found it out, says is wrong; the innermost message. */
export function messageOf(thrown: unknown): string {
  for (const { originalMessage, message } of chain(thrown)) {
    if (typeof originalMessage === 'string' && originalMessage !== '') return originalMessage;
    if (typeof message === 'string' && message !== '') return message;
  }
  return describeThrown(thrown);
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
  readonly originalMessage?: unknown;
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
