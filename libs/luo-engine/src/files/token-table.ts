import { allocating } from '../errors/allocation';
import { IN_PART, PART_BITS, PART_SLOTS, PartSorter } from './part-sorter';
import { hashToken } from './token-hash';

/** The tokens of a set by row, in halves; neither index nor table keeps any of its own. */
export interface TokenRows {
  tokenLowAt(row: number): number;
  tokenHighAt(row: number): number;
  /** True when a row has this token. */
  hasToken(row: number, low: number, high: number): boolean;
  /** Hashes of the tokens from a row on, as many as there is room for. */
  hashTokens(from: number, into: Int32Array): void;
}

/**
 * Token to row for tokens in any order: open addressing in two columns, eight bits of the token's hash in a byte, 0 for a
 * free slot, and the row in a word. A new token is found to be new in the bytes alone, which fit the processor's near
 * caches four times as long, and other tokens are told apart by them without a look at their rows. So a row need not be
 * noted before its byte is met again, and rows are noted in batches.
 */
export class TokenTable {
  private mask = 0;
  private tags = new Uint8Array(0);
  /** By parts; a table that grows keeps those that are full. */
  private slotRows: readonly Int32Array[] = [];
  /** Slots that are taken, and the rows that are not noted in them yet, in turn. */
  private readonly toNote: Int32Array;
  private notedLater = 0;
  /** Token that was last looked for in vain, and the free slot where the search ended: the next add is usually there. */
  private missedLow = 0;
  private missedHigh = 0;
  private missedSlot = NOWHERE;
  private repeats = false;

  /** The first `rowCount` rows, with room for `count`. @throws LuoError ENOMEM */
  constructor(
    private readonly rows: TokenRows,
    rowCount: number,
    count: number,
  ) {
    this.toNote = allocating('a table of tokens', () => new Int32Array(2 * NOTED_LATER_MAX));
    this.build(rowCount, count);
  }

  /** Two rows have one token, so a row that has it need not be the first. */
  get hasRepeats(): boolean {
    return this.repeats;
  }

  /** First row of a token, or -1. */
  find(low: number, high: number): number {
    const { tags, mask } = this;
    const hashed = hashToken(low, high);
    const tag = tagOf(hashed);
    for (let slot = hashed & mask; ; slot = (slot + 1) & mask) {
      const found = tags[slot] as number;
      if (found === 0) {
        this.missedLow = low;
        this.missedHigh = high;
        this.missedSlot = slot;
        return -1;
      }
      if (found !== tag) continue;
      const row = this.rowIn(slot);
      if (this.rows.hasToken(row, low, high)) return row;
    }
  }

  /** Makes room for the row after the last. @throws LuoError ENOMEM; nothing is changed */
  reserve(row: number): void {
    if ((row + 1) * 2 <= this.tags.length) return;
    this.build(row, row < ROWS_QUADRUPLED_MAX ? 2 * (row + 1) : row + 1);
  }

  /** Adds the row after the last, for which there is room; what it repeats keeps its first row. */
  add(row: number, low: number, high: number): void {
    const hashed = hashToken(low, high);
    const { missedSlot } = this;
    const isMissed = low === this.missedLow && high === this.missedHigh;
    const missed = isMissed && this.tags[missedSlot] === 0;
    const slot = this.take(row, hashed, missed ? missedSlot : hashed & this.mask);
    if (slot !== NOWHERE) this.noteLater(slot, row);
  }

  /** Takes the first free slot from one on, for a row; nowhere when its token has one already. */
  private take(row: number, hashed: number, from: number): number {
    const { tags, mask, rows } = this;
    const tag = tagOf(hashed);
    let slot = from;
    for (let found = tags[slot] as number; found !== 0; found = tags[slot] as number) {
      if (
        found === tag &&
        rows.hasToken(this.rowIn(slot), rows.tokenLowAt(row), rows.tokenHighAt(row))
      ) {
        this.repeats = true;
        return NOWHERE;
      }
      slot = (slot + 1) & mask;
    }
    tags[slot] = tag;
    return slot;
  }

  private rowIn(slot: number): number {
    if (this.notedLater > 0) this.note();
    return (this.slotRows[slot >>> PART_BITS] as Int32Array)[slot & IN_PART] as number;
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
      const slot = toNote[i] as number;
      (slotRows[slot >>> PART_BITS] as Int32Array)[slot & IN_PART] = toNote[i + 1] as number;
    }
    this.notedLater = 0;
  }

  private noteNow(slot: number, row: number): void {
    (this.slotRows[slot >>> PART_BITS] as Int32Array)[slot & IN_PART] = row;
  }

  private build(rowCount: number, count: number): void {
    let capacity = SLOTS_MIN;
    while (capacity < count * 2) capacity *= 2;
    const batchRows = Math.min(rowCount, BATCH_ROWS_MAX);
    // All or none: half a table would be searched for ever.
    const { tags, slotRows, hashes, sorter } = allocating(`a table of ${capacity} tokens`, () => ({
      tags: new Uint8Array(capacity),
      slotRows: this.slotRowsFor(capacity),
      hashes: new Int32Array(batchRows),
      sorter: capacity <= UNSORTED_SLOTS_MAX ? null : new PartSorter(capacity, batchRows),
    }));
    this.tags = tags;
    this.slotRows = slotRows;
    this.mask = capacity - 1;
    this.missedSlot = NOWHERE;
    this.notedLater = 0;
    for (let from = 0; from < rowCount; from += batchRows) {
      const isWhole = rowCount - from >= batchRows;
      const batch = isWhole ? hashes : hashes.subarray(0, rowCount - from);
      this.rows.hashTokens(from, batch);
      if (sorter === null) this.placeAll(batch);
      else this.placeByPart(sorter.sort(from, batch));
    }
  }

  /** The full parts there are, and as many new ones as are missing; whether a row in them counts is for the tags to say. */
  private slotRowsFor(capacity: number): Int32Array[] {
    if (capacity < PART_SLOTS) return [new Int32Array(capacity)];
    const full = this.slotRows.filter(({ length }) => length === PART_SLOTS);
    return Array.from(
      { length: capacity / PART_SLOTS },
      (_, part) => full[part] ?? new Int32Array(PART_SLOTS),
    );
  }

  /** Of a table that is filled unsorted, all rows are one batch. */
  private placeAll(hashes: Int32Array): void {
    for (let row = 0; row < hashes.length; row++) this.place(row, hashes[row] as number);
  }

  private placeByPart(sorted: Int32Array): void {
    for (let at = 0; at < sorted.length; at += 2) {
      this.place(sorted[at] as number, sorted[at + 1] as number);
    }
  }

  private place(row: number, hashed: number): void {
    const slot = this.take(row, hashed, hashed & this.mask);
    if (slot !== NOWHERE) this.noteNow(slot, row);
  }
}

/** A table of 1.25 MiB; sorting for smaller ones costs more than it saves. */
const UNSORTED_SLOTS_MAX = 4 * PART_SLOTS;
/** Three mebibytes of memory that is of no use afterwards. */
const BATCH_ROWS_MAX = 1 << 18;
const SLOTS_MIN = 32;
/** Smaller tables grow fourfold, larger ones double. */
const ROWS_QUADRUPLED_MAX = 1 << 12;
const NOWHERE = -1;
const NOTED_LATER_MAX = 64;

/** The bits of a hash that do not choose its slot; 0 means free. */
function tagOf(hashed: number): number {
  return hashed >>> 24 || 1;
}
