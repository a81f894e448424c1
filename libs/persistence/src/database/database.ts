/**
 * DOC: the connection to the record
 *
 * Purpose: every read and every transaction goes through Database, so that errors are typed in one place, conflicts
 * are retried in one place, and events are always the last thing a transaction writes.
 *
 * Happy path: `transaction(operation, subject, work)` runs `work` with a unit of work; what `work` recorded as events
 * is left for COMMIT to number and write, on the server; then everyone who listens learns that there are new events.
 *
 * Unhappy paths: a ConflictError (a version that moved on, a serialisation failure, a deadlock, a unique key taken)
 * rolls back and runs `work` again, which reads anew; after TRANSACTION_TRIES it reaches the caller. An unreachable
 * Postgres is UNAVAILABLE, and whoever asked to know learns that it is away and when it answers again. Anything else is
 * INTERNAL with its cause.
 *
 * More transactions than there are connections wait here in order, for a minute: a fleet that connects all at once is
 * slow, not refused, and reads still get their turn. `work` therefore never starts another transaction.
 *
 * Ordering: transactions lock rows in the order rollouts, hosts, host updates, commands; COMMIT takes the events lock last.
 *
 * Bounds: whoever holds locks and does nothing (a frozen process) is cut off by Postgres; a statement and a wait for a
 * lock end in time; a connection on which nothing comes for longer than a statement may take is destroyed here, since
 * packets may be dropped without a word; an answer that comes by drips is not waited for.
 */
import { Socket } from 'node:net';
import { PrismaPg } from '@prisma/adapter-pg';
import { type Logger, LuofleetError, silentLogger } from '@luofleet/platform';
import { type Prisma, PrismaClient } from '../generated/prisma/client';
import { ConflictError } from './conflict.error';
import { asDatabaseError, isOverload } from './database-error';
import { Turns } from './turns';
import { UnitOfWork } from './unit-of-work';

/** Connections that transactions leave for reads. */
const READ_CONNECTIONS = 2;

/** How often a transaction is run before its conflict is reported. Contention is over single rows and short. */
const TRANSACTION_TRIES = 8;
/** How long a transaction may wait for a connection, and run. */
const TRANSACTION_WAIT_MS = 15_000;
const TRANSACTION_RUN_MS = 60_000;
/** How long a transaction may wait for its turn: as long as the one before it may run. */
const TURN_WAIT_MS = 60_000;

/** How long Postgres, or the way to it, may take. */
export interface DatabaseLimits {
  readonly connectMs: number;
  readonly statementMs: number;
  readonly lockMs: number;
  readonly idleInTransactionMs: number;
}

export const DATABASE_LIMITS: DatabaseLimits = {
  connectMs: 10_000,
  statementMs: 15_000,
  lockMs: 10_000,
  idleInTransactionMs: 5000,
};

/** A statement's end reaches us so much later at most; then the connection counts as silent. */
const ON_THE_WAY_MS = 5000;

export interface DatabaseOptions {
  /** Postgres address. */
  readonly url: string;
  /** Most connections held at once. */
  readonly connectionsMax?: number;
  readonly limits?: DatabaseLimits;
  readonly logger?: Logger;
}

/** Learns that there are new events: committed by this process, or by another. */
export type EventsListener = (where: 'here' | 'elsewhere') => void;

/** Learns that Postgres stopped answering, and that it answers again. */
export type AvailabilityListener = (available: boolean) => void;

export type Reader = Prisma.TransactionClient;

export class Database {
  private readonly client: PrismaClient;
  private readonly turns: Turns;
  private readonly logger: Logger;
  private readonly commitListeners = new Set<EventsListener>();
  private readonly availabilityListeners = new Set<AvailabilityListener>();
  private available = true;

  constructor(options: DatabaseOptions) {
    this.logger = options.logger ?? silentLogger;
    const connectionsMax = options.connectionsMax ?? 20;
    this.turns = new Turns(Math.max(1, connectionsMax - READ_CONNECTIONS), TURN_WAIT_MS);
    this.client = new PrismaClient({
      adapter: new PrismaPg(
        {
          connectionString: options.url,
          max: connectionsMax,
          ...connectionLimits(options.limits ?? DATABASE_LIMITS),
        },
        {
          // One idle connection, perhaps closed by a pooler. An outage shows at the next statement.
          onPoolError: (error) => this.logger.warn('postgres connection lost', { err: error }),
        },
      ),
      errorFormat: 'minimal',
    });
  }

  /** Reads outside a transaction. */
  async read<T>(
    operation: string,
    subject: string,
    work: (client: Reader) => Promise<T>,
  ): Promise<T> {
    try {
      const value = await work(this.client);
      this.noticeAvailable(true);
      return value;
    } catch (error) {
      throw this.typed(error, operation, subject);
    }
  }

  /**
   * Runs `work` in a transaction, again from its reads when it conflicts. `work` must have no effects elsewhere. An
   * urgent one gets the next turn: what keeps a loaded fleet from falling apart, and is short.
   */
  async transaction<T>(
    operation: string,
    subject: string,
    work: (unit: UnitOfWork) => Promise<T>,
    { urgent = false } = {},
  ): Promise<T> {
    const tooLate = (): Error => overloaded(operation, subject);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.turns.take(() => this.runOnce(work), tooLate, { urgent });
      } catch (error) {
        const typed = this.typed(error, operation, subject);
        if (!(typed instanceof ConflictError) || attempt === TRANSACTION_TRIES) throw typed;
        this.logger.debug('transaction conflicted and is run again', {
          operation,
          subject,
          attempt,
        });
      }
    }
  }

  /** Calls `listener` after each commit that recorded events, here or, as far as known, elsewhere. Returns the undo. */
  onEventsCommitted(listener: EventsListener): () => void {
    this.commitListeners.add(listener);
    return () => this.commitListeners.delete(listener);
  }

  /** Calls `listener` whenever Postgres stops answering and when it answers again. Returns the undo. */
  onAvailability(listener: AvailabilityListener): () => void {
    this.availabilityListeners.add(listener);
    return () => this.availabilityListeners.delete(listener);
  }

  /** Another process has committed events. */
  noticeEvents(): void {
    this.tellListeners('elsewhere');
  }

  /** @throws LuofleetError UNAVAILABLE when Postgres does not answer. */
  async ping(): Promise<void> {
    await this.read('reach Postgres', 'postgres', (client) => client.$queryRaw`SELECT 1`);
  }

  async close(): Promise<void> {
    await this.client.$disconnect();
  }

  private async runOnce<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    let recorded = false;
    const result = await this.client.$transaction(
      async (client) => {
        const unit = new UnitOfWork(client);
        const value = await work(unit);
        recorded = await unit.writeEvents();
        return value;
      },
      { maxWait: TRANSACTION_WAIT_MS, timeout: TRANSACTION_RUN_MS },
    );
    this.noticeAvailable(true);
    if (recorded) this.tellListeners('here');
    return result;
  }

  private typed(thrown: unknown, operation: string, subject: string): LuofleetError {
    const error = asDatabaseError(thrown, operation, subject);
    if (error.code === 'UNAVAILABLE' && !isOverload(thrown)) this.noticeAvailable(false);
    return error;
  }

  private noticeAvailable(available: boolean): void {
    if (available === this.available) return;
    this.available = available;
    for (const listener of this.availabilityListeners) listener(available);
  }

  private tellListeners(where: 'here' | 'elsewhere'): void {
    for (const listener of this.commitListeners) listener(where);
  }
}

function connectionLimits(limits: DatabaseLimits) {
  return {
    connectionTimeoutMillis: limits.connectMs,
    statement_timeout: limits.statementMs,
    lock_timeout: limits.lockMs,
    idle_in_transaction_session_timeout: limits.idleInTransactionMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: ON_THE_WAY_MS,
    query_timeout: limits.statementMs + 2 * ON_THE_WAY_MS,
    stream: () => noticingSilence(limits.statementMs + ON_THE_WAY_MS),
  };
}

/** A socket that is destroyed when nothing goes over it for so long; a connection that idles is made anew. */
function noticingSilence(limitMs: number): Socket {
  const socket = new Socket();
  socket.setTimeout(limitMs, () =>
    socket.destroy(
      Object.assign(new Error(`Postgres said nothing for ${limitMs} ms`), { code: 'ETIMEDOUT' }),
    ),
  );
  return socket;
}

function overloaded(operation: string, subject: string): LuofleetError {
  return new LuofleetError({
    code: 'UNAVAILABLE',
    operation,
    subject,
    detail: `Could not ${operation}: more is waiting for Postgres than it does in a minute; try again later.`,
  });
}
