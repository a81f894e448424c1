/** The tokens of a set by row, in halves; the index keeps none of its own. */
export interface TokenRows {
  tokenLowAt(row: number): number;
  tokenHighAt(row: number): number;
}

/**
 * Token to row in O(1), open addressing. Built for a set that is filled row by row and emptied as a whole, so there
 * is no single removal. Of equal tokens the first wins (B36).
 *
 * A slot is one word, so that a million files need a table that fits the processor's caches: row + 1 in the bits that
 * address slots, the remaining bits of the token's hash above. Other tokens are told apart by these without a
 * look at their rows. 0 marks a free slot.
 */
export class TokenIndex {
  private rowCount = 0;
  private mask = 0;
  private slots = EMPTY;
  /** Hash that was last looked for in vain, and the free slot where the search ended: the next add is usually there. */
  private missedHash = 0;
  private missedSlot = 0;

  constructor(private readonly rows: TokenRows) {}

  /** Row of a token, or -1. */
  find(low: number, high: number): number {
    const { slots, mask } = this;
    const hashed = hash(low, high);
    for (let slot = hashed & mask; ; slot = (slot + 1) & mask) {
      const word = slots[slot] as number;
      if (word === 0) {
        this.missedHash = hashed;
        this.missedSlot = slot;
        return -1;
      }
      if (((word ^ hashed) & ~mask) !== 0) continue;
      const row = (word & mask) - 1;
      if (this.rows.tokenLowAt(row) === low && this.rows.tokenHighAt(row) === high) return row;
    }
  }

  /** Makes room for `count` rows at once. */
  reserve(count: number): void {
    let capacity = Math.max(SLOTS_MIN, this.mask + 1);
    while (capacity < count * 2) capacity *= 2;
    if (capacity > this.slots.length) this.resize(capacity);
  }

  /** Adds the token of the next row; rows come in order. A known token keeps its first row. */
  add(row: number): void {
    if ((row + 1) * 2 > this.slots.length) this.reserve(row + 1);
    this.insert(row);
    this.rowCount = row + 1;
  }

  /** The same for a token that {@link find} has just not found. */
  addMissed(row: number, low: number, high: number): void {
    const { slots, missedSlot } = this;
    const hashed = hash(low, high);
    const hasRoom = (row + 1) * 2 <= slots.length;
    if (!hasRoom || hashed !== this.missedHash || slots[missedSlot] !== 0) return this.add(row);
    slots[missedSlot] = (hashed & ~this.mask) | (row + 1);
    this.rowCount = row + 1;
  }

  clear(): void {
    this.rowCount = 0;
    this.mask = 0;
    this.slots = EMPTY;
  }

  private insert(row: number): void {
    const { rows, slots, mask } = this;
    const low = rows.tokenLowAt(row);
    const high = rows.tokenHighAt(row);
    const hashed = hash(low, high);
    let slot = hashed & mask;
    for (let word = slots[slot] as number; word !== 0; word = slots[slot] as number) {
      if (((word ^ hashed) & ~mask) === 0) {
        const other = (word & mask) - 1;
        if (rows.tokenLowAt(other) === low && rows.tokenHighAt(other) === high) return;
      }
      slot = (slot + 1) & mask;
    }
    slots[slot] = (hashed & ~mask) | (row + 1);
  }

  /** Rows are walked in order again, which reads their tokens in sequence. */
  private resize(capacity: number): void {
    this.slots = new Int32Array(capacity);
    this.mask = capacity - 1;
    for (let row = 0; row < this.rowCount; row++) this.insert(row);
  }
}

const SLOTS_MIN = 32;
/** One free slot: nothing is found in it, and it is too small to be written. */
const EMPTY = new Int32Array(1);

/** Spreads neighbouring and patterned tokens (an image type in the high half, a number in the low). */
function hash(low: number, high: number): number {
  let mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 13);
}
