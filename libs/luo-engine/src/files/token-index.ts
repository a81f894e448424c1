import { type TokenRows, TokenTable } from './token-table';

/**
 * Token to row. Built for a set that is filled row by row and emptied as a whole, so there is no single removal. Of equal
 * tokens the first wins (B36).
 *
 * Most callers number their files. As long as tokens ascend, the rows themselves are the index: a token above the last
 * is new, and others are found by bisection. The first token out of order, or many searches out of order, build a table.
 * Where it is known how many rows will come, it is built at the first search, of all of them at once.
 *
 * Either way the row after the last found is tried first: most callers retrieve in the order in which they preserved.
 */
export class TokenIndex {
  private rowCount = 0;
  /** Rows to come, as far as known. */
  private expected = 0;
  /** The last token while tokens ascend. */
  private lastLow = 0;
  private lastHigh = 0;
  /** A token was out of order, and its table waits for the first search. */
  private isOverdue = false;
  private nextRow = 0;
  private bisections = 0;
  private table: TokenTable | null = null;

  constructor(private readonly rows: TokenRows) {}

  /** Row of a token, or -1. @throws LuoError ENOMEM where it cannot do without a table */
  find(low: number, high: number): number {
    const { table, nextRow } = this;
    if (table === null) return this.findWithoutTable(low, high);
    if (nextRow < this.rowCount && !table.hasRepeats && this.rows.hasToken(nextRow, low, high)) {
      this.nextRow = nextRow + 1;
      return nextRow;
    }
    const row = table.find(low, high);
    if (row >= 0) this.nextRow = row + 1;
    return row;
  }

  /** Tells how many rows will come, so that a table is made once, in its final size. */
  expect(count: number): void {
    this.expected = count;
  }

  /** Makes room for the token of the next row. @throws LuoError ENOMEM; nothing is changed */
  reserve(low: number, high: number): void {
    const { table, rowCount } = this;
    if (table !== null) table.reserve(rowCount);
    else if (!this.isAfterLast(low, high) && rowCount >= this.expected) {
      this.table = new TokenTable(this.rows, rowCount, rowCount + 1);
    }
  }

  /** Adds the token of the next row, for which room was reserved; rows come in order. A known token keeps its first row. */
  add(row: number, low: number, high: number): void {
    if (this.table !== null) this.table.add(row, low, high);
    else if (this.isAfterLast(low, high)) {
      this.lastLow = low;
      this.lastHigh = high;
    } else {
      this.isOverdue = true;
    }
    this.rowCount = row + 1;
  }

  clear(): void {
    this.rowCount = 0;
    this.expected = 0;
    this.isOverdue = false;
    this.nextRow = 0;
    this.bisections = 0;
    this.table = null;
  }

  private isAfterLast(low: number, high: number): boolean {
    return this.rowCount === 0 || isAbove(low, high, this.lastLow, this.lastHigh);
  }

  private findWithoutTable(low: number, high: number): number {
    const { rowCount, nextRow } = this;
    if (this.isOverdue) {
      this.buildTable();
      return this.find(low, high);
    }
    if (rowCount === 0 || isAbove(low, high, this.lastLow, this.lastHigh)) return -1;
    if (nextRow < rowCount && this.rows.hasToken(nextRow, low, high)) {
      this.nextRow = nextRow + 1;
      return nextRow;
    }
    this.bisections += 1;
    const isWorthATable = this.bisections > BISECTIONS_MIN && this.bisections > rowCount >> 4;
    if (!isWorthATable) return this.bisect(low, high);
    try {
      this.buildTable();
    } catch {
      // It was only to be faster.
      this.bisections = 0;
      return this.bisect(low, high);
    }
    return this.find(low, high);
  }

  private buildTable(): void {
    const count = Math.max(this.rowCount, this.expected);
    this.table = new TokenTable(this.rows, this.rowCount, count);
  }

  private bisect(low: number, high: number): number {
    let from = 0;
    let to = this.rowCount - 1;
    while (from < to) {
      const middle = (from + to) >> 1;
      const { rows } = this;
      if (isAbove(low, high, rows.tokenLowAt(middle), rows.tokenHighAt(middle))) from = middle + 1;
      else to = middle;
    }
    if (!this.rows.hasToken(from, low, high)) return -1;
    this.nextRow = from + 1;
    return from;
  }
}

const BISECTIONS_MIN = 32;
/** Flipping it turns the order of signed numbers into that of unsigned ones. */
const SIGN = 1 << 31;

/** True when the first token is above the second, as u64. */
function isAbove(low: number, high: number, otherLow: number, otherHigh: number): boolean {
  if (high !== otherHigh) return (high ^ SIGN) > (otherHigh ^ SIGN);
  return (low ^ SIGN) > (otherLow ^ SIGN);
}
