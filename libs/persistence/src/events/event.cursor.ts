import { LuofleetError } from '@luofleet/platform';

/**
 * Where the record of events ends. `life` names the database's life, in decimal digits: another one after the database
 * was made anew, restored from a dump or recovered to an earlier point, whose sequence numbers mean other events.
 */
export interface EventsEnd {
  readonly sequence: bigint;
  readonly life: string;
}

/** A place in the record: after the event with this sequence. Without a life nobody can tell whose sequence it is. */
export interface EventCursor {
  readonly sequence: bigint;
  readonly life?: string | undefined;
}

/** `SEQUENCE.LIFE` */
export function formatEventCursor({ sequence, life }: EventsEnd): string {
  return `${sequence}.${life}`;
}

const CURSOR = /^(\d{1,18})(?:\.(\d{1,20}))?$/;

/** The undo of `formatEventCursor`; a sequence alone is one too. Null for any other text. */
export function parseEventCursor(text: string): EventCursor | null {
  const [, sequence, life] = CURSOR.exec(text) ?? [];
  return sequence === undefined ? null : { sequence: BigInt(sequence), life };
}

/**
 * Checks that a cursor was given out by the record as it is.
 * @throws LuofleetError CURSOR_EXPIRED
 */
export function assertOfThisLife(cursor: EventCursor, end: EventsEnd): void {
  if (cursor.life !== undefined && cursor.life !== end.life)
    throw expiredCursor(
      cursor.sequence,
      'comes from another database, or from before this one was restored',
    );
  if (cursor.sequence > end.sequence)
    throw expiredCursor(cursor.sequence, `lies beyond the newest event, ${end.sequence}`);
}

export function expiredCursor(sequence: bigint, why: string): LuofleetError {
  const message = `${why}; start over: read what there is, then follow without a cursor`;
  return new LuofleetError({
    code: 'CURSOR_EXPIRED',
    operation: 'read events',
    subject: 'cursor',
    detail: `The cursor ${sequence} ${message}.`,
    issues: [{ path: 'after', message }],
  });
}
