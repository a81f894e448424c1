/**
 * DOC: following events
 *
 * Purpose: events in order and without gaps for everyone who watches, over SSE and gRPC alike.
 *
 * Happy path: `follow` yields what is recorded after a sequence number, in batches, then waits until there is more.
 * One look at the newest sequence every POLL_INTERVAL_MS serves all followers; a commit in this process makes it at
 * once. Writers hold a lock from taking a sequence number until commit, so a number once seen has none missing below.
 *
 * Unhappy paths: a slow follower is read for only as fast as it takes batches. Postgres not answering ends a follower
 * that reads at that moment with UNAVAILABLE; it comes back with the last sequence it has seen. A look that fails is
 * logged and tried again. The database is another one, or goes on from an earlier point: every follower ends with
 * CURSOR_EXPIRED. When the process stops, every follower ends.
 */
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import {
  Database,
  type EventFilter,
  type EventRecord,
  type EventsEnd,
  EventsReader,
  expiredCursor,
} from '@luofleet/persistence';
import type { Logger } from '@luofleet/platform';
import { LOGGER } from '../settings/platform.module';

/** How long an event of another replica may stay unseen. */
const POLL_INTERVAL_MS = 250;
const BATCH_EVENTS_MAX = 500;

@Injectable()
export class EventFeed implements OnModuleInit, OnModuleDestroy {
  private stopped = false;
  private readonly waiting = new Set<() => void>();
  /** As last looked up; undefined while nobody follows. */
  private end: EventsEnd | undefined;
  private followers = 0;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private stopListening: () => void = () => undefined;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(EventsReader) private readonly events: EventsReader,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.stopListening = this.database.onEventsCommitted(() => this.look());
  }

  onModuleDestroy(): void {
    this.stopListening();
    this.stopped = true;
    clearInterval(this.timer);
    this.wakeAll();
  }

  /**
   * Batches of events after a place in the record of today; ends when `signal` is aborted or the process stops.
   * @throws LuofleetError CURSOR_EXPIRED once the record is another one
   */
  async *follow(
    filter: EventFilter,
    after: EventsEnd,
    signal: AbortSignal,
  ): AsyncGenerator<EventRecord[], void, void> {
    const isOver = () => signal.aborted || this.stopped;
    let seen = after.sequence;
    let looked: EventsEnd = { sequence: -1n, life: after.life };
    this.enter();
    try {
      while (!isOver()) {
        const { end } = this;
        if (end === undefined || isSame(end, looked)) {
          await this.somethingNew(looked, signal);
          continue;
        }
        if (end.life !== looked.life || end.sequence < looked.sequence)
          throw expiredCursor(seen, 'comes from before the database was replaced or restored');
        looked = end;
        for (let more = true; more && !isOver();) {
          const batch = await this.events.after(seen, filter, BATCH_EVENTS_MAX);
          seen = batch.at(-1)?.sequence ?? seen;
          more = batch.length === BATCH_EVENTS_MAX;
          if (batch.length > 0) yield batch;
        }
      }
    } finally {
      this.leave();
    }
  }

  private enter(): void {
    this.followers += 1;
    this.timer ??= setInterval(() => this.look(), POLL_INTERVAL_MS);
    this.look();
  }

  private leave(): void {
    this.followers -= 1;
    if (this.followers > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.end = undefined;
  }

  private somethingNew(looked: EventsEnd, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        const { end } = this;
        if ((end === undefined || isSame(end, looked)) && !signal.aborted && !this.stopped) return;
        this.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.waiting.add(done);
      signal.addEventListener('abort', done);
      done();
    });
  }

  /** Learns the newest sequence; one look at a time, and one more when something was committed during it. */
  private look(): void {
    if (this.followers === 0 || this.stopped) return;
    if (this.looking) {
      this.lookAgain = true;
      return;
    }
    this.lookAgain = false;
    this.looking = this.events
      .end()
      .then(
        (end) => {
          if (this.followers === 0) return;
          this.end = end;
          this.wakeAll();
        },
        (error: unknown) => this.logger.warn('cannot look for new events', { err: error }),
      )
      .finally(() => {
        this.looking = undefined;
        if (this.lookAgain) this.look();
      });
  }

  private wakeAll(): void {
    for (const wake of [...this.waiting]) wake();
  }
}

function isSame(a: EventsEnd, b: EventsEnd): boolean {
  return a.sequence === b.sequence && a.life === b.life;
}
