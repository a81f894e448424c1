import { allocating } from '../errors/allocation';

/** The tokens of a set by row, in halves; the index keeps none of its own. */
export interface TokenRows {
  tokenLowAt(row: number): number;
  tokenHighAt(row: number): number;
}

/**
 * Token to row. Built for a set that is filled row by row and emptied as a whole, so there is no single removal. Of equal
 * tokens the first wins (B36).
 *
 * Most callers number their files. As long as tokens ascend, the rows themselves are the index: a token above the last
 * is new, the one after the last found is usually asked for next, and others are found by bisection. The first token out
 * of order, or many searches out of order, build a table. Where it is known how many rows will come, it is built at the first
 * search, of all of them at once.
 *
 * The table is open addressing in two columns: eight bits of the token's hash in a byte, 0 for a free slot, and the row in
 * a word. A new token is found to be new in the bytes alone, which fit the processor's near caches four times as long,
 * and other tokens are told apart by them without a look at their rows. Here, too, the row after the last found is tried
 * first: most callers retrieve in the order in which they preserved.
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
  private mask = 0;
  private tags = NO_TABLE;
  private slotRows = NO_ROWS;
  /** Slots that are taken, and the rows that are not noted in them yet, in turn. */
  private toNote = NO_ROWS;
  private notedLater = 0;
  /** Two rows have one token, so a row that has it need not be the first. */
  private hasRepeats = false;
  /** Hash that was last looked for in vain, and the free slot where the search ended: the next add is usually there. */
  private missedHash = 0;
  private missedSlot = NOWHERE;

  constructor(private readonly rows: TokenRows) {}

  /** Row of a token, or -1. @throws LuoError ENOMEM where it has to build a table */
  find(low: number, high: number): number {
    const { tags, nextRow } = this;
    if (tags === NO_TABLE) return this.findWithoutTable(low, high);
    if (nextRow < this.rowCount && !this.hasRepeats && this.isAt(nextRow, low, high)) {
      this.nextRow = nextRow + 1;
      return nextRow;
    }
    const { mask } = this;
    const hashed = hash(low, high);
    const tag = tagOf(hashed);
    for (let slot = hashed & mask; ; slot = (slot + 1) & mask) {
      const found = tags[slot] as number;
      if (found === 0) {
        this.missedHash = hashed;
        this.missedSlot = slot;
        return -1;
      }
      if (found !== tag) continue;
      const row = this.rowIn(slot);
      if (!this.isAt(row, low, high)) continue;
      this.nextRow = row + 1;
      return row;
    }
  }

  /** Tells how many rows will come, so that a table is made once, in its final size. */
  expect(count: number): void {
    this.expected = count;
  }

  /**
   * Adds the token of the next row; rows come in order. A known token keeps its first row.
   * @throws LuoError ENOMEM where a table has to grow
   */
  add(row: number, low: number, high: number): void {
    if (this.tags === NO_TABLE) {
      if (row === 0 || isAbove(low, high, this.lastLow, this.lastHigh)) {
        this.lastLow = low;
        this.lastHigh = high;
        this.rowCount = row + 1;
        return;
      }
      if (row < this.expected) {
        this.isOverdue = true;
        this.rowCount = row + 1;
        return;
      }
      this.buildTable(row + 1);
    }
    if ((row + 1) * 2 > this.tags.length) this.buildTable(row + 1);
    const hashed = hash(low, high);
    const { missedSlot } = this;
    const missed = hashed === this.missedHash && this.tags[missedSlot] === 0;
    const slot = this.take(row, hashed, missed ? missedSlot : hashed & this.mask);
    if (slot !== NOWHERE) this.noteLater(slot, row);
    this.rowCount = row + 1;
  }

  clear(): void {
    this.rowCount = 0;
    this.expected = 0;
    this.isOverdue = false;
    this.nextRow = 0;
    this.bisections = 0;
    this.mask = 0;
    this.tags = NO_TABLE;
    this.slotRows = NO_ROWS;
    this.hasRepeats = false;
  }

  private findWithoutTable(low: number, high: number): number {
    const { rowCount, nextRow } = this;
    if (this.isOverdue) {
      this.buildTable(rowCount);
      return this.find(low, high);
    }
    if (rowCount === 0 || isAbove(low, high, this.lastLow, this.lastHigh)) return -1;
    if (nextRow < rowCount && this.isAt(nextRow, low, high)) {
      this.nextRow = nextRow + 1;
      return nextRow;
    }
    this.bisections += 1;
    if (this.bisections > BISECTIONS_MIN && this.bisections > rowCount >> 4) {
      this.buildTable(rowCount);
      return this.find(low, high);
    }
    return this.bisect(low, high);
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
    if (!this.isAt(from, low, high)) return -1;
    this.nextRow = from + 1;
    return from;
  }

  private isAt(row: number, low: number, high: number): boolean {
    return this.rows.tokenLowAt(row) === low && this.rows.tokenHighAt(row) === high;
  }

  /** Takes the first free slot from one on, for a row; nowhere when its token has one already. */
  private take(row: number, hashed: number, from: number): number {
    const { tags, mask, rows } = this;
    const tag = tagOf(hashed);
    let slot = from;
    for (let found = tags[slot] as number; found !== 0; found = tags[slot] as number) {
      if (
        found === tag &&
        this.isAt(this.rowIn(slot), rows.tokenLowAt(row), rows.tokenHighAt(row))
      ) {
        this.hasRepeats = true;
        return NOWHERE;
      }
      slot = (slot + 1) & mask;
    }
    tags[slot] = tag;
    return slot;
  }

  private rowIn(slot: number): number {
    if (this.notedLater > 0) this.note();
    return this.slotRows[slot] as number;
  }

  /** Many writes all over a large table cost little more than one when nothing lies between them. */
  private noteLater(slot: number, row: number): void {
    const { toNote, notedLater } = this;
    toNote[notedLater] = slot;
    toNote[notedLater + 1] = row;
    this.notedLater = notedLater + 2;
    if (this.notedLater === toNote.length) this.note();
  }

  private note(): void {
    const { toNote, slotRows, notedLater } = this;
    for (let i = 0; i < notedLater; i += 2) {
      slotRows[toNote[i] as number] = toNote[i + 1] as number;
    }
    this.notedLater = 0;
  }

  /** A table of all rows so far with room for `count`. */
  private buildTable(count: number): void {
    let capacity = SLOTS_MIN;
    while (capacity < Math.max(count, this.expected) * 2) capacity *= 2;
    const mask = capacity - 1;
    // All or none: half a table would be searched for ever.
    const { toNote, tags, slotRows, sorted } = allocating(`a table of ${capacity} tokens`, () => ({
      toNote: this.toNote === NO_ROWS ? new Int32Array(2 * NOTED_LATER_MAX) : this.toNote,
      tags: new Uint8Array(capacity),
      slotRows: new Int32Array(capacity),
      sorted: this.sortedByPart(mask),
    }));
    this.toNote = toNote;
    this.tags = tags;
    this.slotRows = slotRows;
    this.mask = mask;
    this.missedSlot = NOWHERE;
    this.notedLater = 0;
    if (sorted === null) {
      for (let row = 0; row < this.rowCount; row++) {
        this.place(row, this.hashAt(row));
      }
    } else {
      for (let at = 0; at < sorted.length; at += 2) {
        this.place(sorted[at] as number, sorted[at + 1] as number);
      }
    }
  }

  private place(row: number, hashed: number): void {
    const slot = this.take(row, hashed, hashed & this.mask);
    if (slot !== NOWHERE) this.slotRows[slot] = row;
  }

  /**
   * Each row and its hash, by the part of a large table they belong to and in their order within it. A part stays in the
   * processor's near caches while it is filled; all over a large table, every insertion would miss them. Null where
   * one part is all.
   */
  private sortedByPart(mask: number): Int32Array | null {
    const { rowCount } = this;
    if (mask < PART_SLOTS) return null;
    const next = new Int32Array(mask / PART_SLOTS + 1);
    for (let row = 0; row < rowCount; row++) {
      const part = (this.hashAt(row) & mask) >>> PART_BITS;
      next[part] = (next[part] as number) + 1;
    }
    let at = 0;
    next.forEach((rows, part) => {
      next[part] = at;
      at += rows * 2;
    });
    const sorted = new Int32Array(at);
    for (let row = 0; row < rowCount; row++) {
      const hashed = this.hashAt(row);
      const part = (hashed & mask) >>> PART_BITS;
      const to = next[part] as number;
      sorted[to] = row;
      sorted[to + 1] = hashed;
      next[part] = to + 2;
    }
    return sorted;
  }

  private hashAt(row: number): number {
    return hash(this.rows.tokenLowAt(row), this.rows.tokenHighAt(row));
  }
}

/** 64 KiB of tags and 256 KiB of rows. */
const PART_BITS = 16;
const PART_SLOTS = 1 << PART_BITS;
const SLOTS_MIN = 32;
const BISECTIONS_MIN = 32;
const NOWHERE = -1;
const NOTED_LATER_MAX = 64;
const NO_TABLE = new Uint8Array(0);
const NO_ROWS = new Int32Array(0);
/** Flipping it turns the order of signed numbers into that of unsigned ones. */
const SIGN = 1 << 31;

/** True when the first token is above the second, as u64. */
function isAbove(low: number, high: number, otherLow: number, otherHigh: number): boolean {
  if (high !== otherHigh) return (high ^ SIGN) > (otherHigh ^ SIGN);
  return (low ^ SIGN) > (otherLow ^ SIGN);
}

/** Spreads neighbouring and patterned tokens (an image type in the high half, a number in the low). */
function hash(low: number, high: number): number {
  let mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 13);
}

/** The bits of a hash that do not choose its slot; 0 means free. */
function tagOf(hashed: number): number {
  return hashed >>> 24 || 1;
}
