/** Slots of a part of a token table: 64 KiB of tags and 256 KiB of rows. */
export const PART_BITS = 16;
export const PART_SLOTS = 1 << PART_BITS;
export const IN_PART = PART_SLOTS - 1;

/**
 * Sorts rows by the part of a large token table they belong to. A part stays in the processor's near caches while it is
 * filled; all over a large table, every insertion would miss them.
 */
export class PartSorter {
  private readonly mask: number;
  /** Where the next row of each part goes. */
  private readonly next: Int32Array;
  private readonly sorted: Int32Array;

  /** For a table of `capacity` slots, a power of two, and up to `rows` rows at once. @throws RangeError no memory */
  constructor(capacity: number, rows: number) {
    this.mask = capacity - 1;
    this.next = new Int32Array(capacity / PART_SLOTS);
    this.sorted = new Int32Array(2 * rows);
  }

  /** Rows from `from` on and their hashes, in turn; those of one part in their order. Good until the next call. */
  sort(from: number, hashes: Int32Array): Int32Array {
    const { mask, next, sorted } = this;
    next.fill(0);
    for (let i = 0; i < hashes.length; i++) {
      const part = ((hashes[i] as number) & mask) >>> PART_BITS;
      next[part] = (next[part] as number) + 1;
    }
    let end = 0;
    next.forEach((rows, part) => {
      next[part] = end;
      end += rows * 2;
    });
    for (let i = 0; i < hashes.length; i++) {
      const hashed = hashes[i] as number;
      const part = (hashed & mask) >>> PART_BITS;
      const at = next[part] as number;
      sorted[at] = from + i;
      sorted[at + 1] = hashed;
      next[part] = at + 2;
    }
    return end === sorted.length ? sorted : sorted.subarray(0, end);
  }
}
