/**
 * Token to list position in O(1), open addressing over 32-bit halves. Built for a set that is filled one by one
 * and emptied as a whole, so there is no single removal. Of equal tokens the first wins (B36).
 */
export class TokenIndex {
  #size = 0;
  #mask = 0;
  /** Position + 1; 0 marks a free slot. */
  #positions = EMPTY;
  #lows = EMPTY;
  #highs = EMPTY;

  /** Position of a token, or -1. */
  find(low: number, high: number): number {
    if (this.#size === 0) return -1;
    for (let slot = hash(low, high) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const position = this.#positions[slot] as number;
      if (position === 0) return -1;
      if (this.#lows[slot] === low && this.#highs[slot] === high) return position - 1;
    }
  }

  /** Adds a token; a known one keeps its first position. */
  add(low: number, high: number, position: number): void {
    if (this.#size * 2 >= this.#positions.length)
      this.#resize(Math.max(8, this.#positions.length * 2));
    this.#insert(low, high, position);
  }

  clear(): void {
    this.#size = 0;
    this.#mask = 0;
    this.#positions = this.#lows = this.#highs = EMPTY;
  }

  #insert(low: number, high: number, position: number): void {
    let slot = hash(low, high) & this.#mask;
    while (this.#positions[slot] !== 0) {
      if (this.#lows[slot] === low && this.#highs[slot] === high) return;
      slot = (slot + 1) & this.#mask;
    }
    this.#positions[slot] = position + 1;
    this.#lows[slot] = low;
    this.#highs[slot] = high;
    this.#size += 1;
  }

  #resize(capacity: number): void {
    const positions = this.#positions;
    const lows = this.#lows;
    const highs = this.#highs;
    this.#positions = new Int32Array(capacity);
    this.#lows = new Int32Array(capacity);
    this.#highs = new Int32Array(capacity);
    this.#mask = capacity - 1;
    this.#size = 0;
    for (let slot = 0; slot < positions.length; slot++) {
      const position = positions[slot] as number;
      if (position !== 0) this.#insert(lows[slot] as number, highs[slot] as number, position - 1);
    }
  }
}

const EMPTY = new Int32Array(0);

/** Spreads neighbouring and patterned tokens (an image type in the high half, a number in the low). */
function hash(low: number, high: number): number {
  let mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 13);
}
