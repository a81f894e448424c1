import { Prisma } from '../generated/prisma/client';
import type { FileState } from '../records';

/**
 * The order in which states of files, and of sessions, follow each other within an attempt. A report moves a row only
 * forward in it, whenever it arrives; what stands last says most about what became of the state that was kept.
 */
const ORDER: Readonly<Record<FileState, { readonly rank: number; readonly end: boolean }>> = {
  preserved: { rank: 0, end: false },
  frozen: { rank: 1, end: false },
  deserialized: { rank: 2, end: false },
  retrieved: { rank: 3, end: false },
  failed: { rank: 4, end: true },
  lost: { rank: 5, end: true },
  unpreserved: { rank: 6, end: true },
  finished: { rank: 7, end: true },
};

const STATES = Object.keys(ORDER) as readonly FileState[];

/** Where the state in this column stands in the order. */
export function rankOf(column: Prisma.Sql): Prisma.Sql {
  const ranked = STATES.toSorted((a, b) => ORDER[a].rank - ORDER[b].rank);
  return Prisma.sql`array_position(${ranked}::text[], ${column}::text)`;
}

/** Whether nothing follows the state in this column. */
export function isEnd(column: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`${column}::text = ANY(${STATES.filter((state) => ORDER[state].end)}::text[])`;
}
