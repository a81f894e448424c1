/**
 * Token to list position in O(1), open addressing over 32-bit halves. Built for a set that is filled one by one
 * and emptied as a whole, so there is no single removal. Of equal tokens the first wins (B36).
 */
export class TokenIndex {
  #size = 0;
  #mask = 0;
  /** Three words a slot: position + 1 (0 marks a free slot), low half, high half. */
  #slots = EMPTY;

  /** Position of a token, or -1. */
  find(low: number, high: number): number {
    if (this.#size === 0) return -1;
    const slots = this.#slots;
    for (let slot = hash(low, high) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const position = slots[slot * WORDS] as number;
      if (position === 0) return -1;
      if (slots[slot * WORDS + 1] === low && slots[slot * WORDS + 2] === high) return position - 1;
    }
  }

  /** Makes room for `count` tokens at once. */
  reserve(count: number): void {
    let capacity = Math.max(SLOTS_MIN, this.#mask + 1);
    while (capacity < count * 2) capacity *= 2;
    if (capacity * WORDS > this.#slots.length) this.#resize(capacity);
  }

  /** Adds a token; a known one keeps its first position. */
  add(low: number, high: number, position: number): void {
    const capacity = this.#slots.length / WORDS;
    if (this.#size * 2 >= capacity) this.#resize(Math.max(SLOTS_MIN, capacity * 2));
    this.#insert(low, high, position);
  }

  clear(): void {
    this.#size = 0;
    this.#mask = 0;
    this.#slots = EMPTY;
  }

  #insert(low: number, high: number, position: number): void {
    const slots = this.#slots;
    let at = (hash(low, high) & this.#mask) * WORDS;
    while (slots[at] !== 0) {
      if (slots[at + 1] === low && slots[at + 2] === high) return;
      at += WORDS;
      if (at === slots.length) at = 0;
    }
    slots[at] = position + 1;
    slots[at + 1] = low;
    slots[at + 2] = high;
    this.#size += 1;
  }

  #resize(capacity: number): void {
    const old = this.#slots;
    this.#slots = new Int32Array(capacity * WORDS);
    this.#mask = capacity - 1;
    this.#size = 0;
    for (let at = 0; at < old.length; at += WORDS) {
      const position = old[at] as number;
      if (position !== 0) this.#insert(old[at + 1] as number, old[at + 2] as number, position - 1);
    }
  }
}

const WORDS = 3;
const SLOTS_MIN = 16;
const EMPTY = new Int32Array(0);

/** Spreads neighbouring and patterned tokens (an image type in the high half, a number in the low). */
function hash(low: number, high: number): number {
  let mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 13);
}
