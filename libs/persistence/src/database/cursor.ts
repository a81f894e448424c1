import { LuofleetError } from '@luofleet/platform';
import { isPlainText } from '@luofleet/platform/text';

/** One page of a list; `nextCursor` is null on the last page. */
export interface Slice<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
}

/** What a list is asked for: how many items, and after which. */
export interface SliceRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Keys of the last item of a page, as opaque text. */
export function encodeCursor(keys: readonly string[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/**
 * The undo of `encodeCursor`; null without a cursor.
 * @throws LuofleetError INVALID_INPUT when the text is not a cursor of a list with `length` keys
 */
export function decodeCursor(cursor: string | undefined, length: number): string[] | null {
  if (cursor === undefined) return null;
  try {
    const keys: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(keys) && keys.length === length && keys.every(isKey)) return keys;
  } catch {
    // Falls through to the one complaint: whatever is wrong with it, it is not a cursor.
  }
  throw invalidCursor();
}

/** Whoever makes a cursor up can write anything into it. */
const isKey = (key: unknown): key is string => typeof key === 'string' && isPlainText(key);

export function invalidCursor(): LuofleetError {
  const message = 'is not a cursor of this list; use nextCursor of the page before';
  return new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'read a page',
    subject: 'cursor',
    detail: `The cursor ${message}.`,
    issues: [{ path: 'cursor', message }],
  });
}

/** A moment out of a cursor. */
export function cursorMoment(text: string): Date {
  // As they are written, so that the year is one that Postgres knows.
  const isMoment = /^[1-9]\d{3}-\d\d-\d\dT[\d:.]+Z$/.test(text);
  const moment = new Date(isMoment ? text : Number.NaN);
  if (Number.isNaN(moment.getTime())) throw invalidCursor();
  return moment;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An id out of a cursor. */
export function cursorId(text: string): string {
  if (!isUuid(text)) throw invalidCursor();
  return text;
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Cuts rows that were read with `limit + 1` down to a page. */
export function sliceOf<Item>(
  rows: Item[],
  limit: number,
  keysOf: (item: Item) => readonly string[],
): Slice<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keysOf(last)) : null,
  };
}
