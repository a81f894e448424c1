import { allocating } from '../errors/allocation';
import type { HandlerEntry } from '../handlers/handler-registry';
import { joinU64 } from '../wire/little-endian';
import { hashToken } from './token-hash';

export const CHUNK_BITS = 12;
/** Rows of a full chunk, which takes 72 KiB. */
export const CHUNK_ROWS = 1 << CHUNK_BITS;
const ROWS_MIN = 16;

/** Words of a row. u64 values are two halves: a million bigints would be a million heap objects. */
export const DATA_LOW = 0;
export const DATA_HIGH = 1;
export const TOKEN_LOW = 2;
export const TOKEN_HIGH = 3;
const ROW_WORDS = 4;
const ROW_BYTES = ROW_WORDS * Int32Array.BYTES_PER_ELEMENT + Int16Array.BYTES_PER_ELEMENT;

/** Parts of a row's state: retrieve status (an errno has 12 bits and a sign), identity held. */
const STATUS_BITS = 13;
const STATUS_MASK = (1 << STATUS_BITS) - 1;
const STATUS_SHIFT = 32 - STATUS_BITS;
const IDENTITY_HELD = 1 << STATUS_BITS;

const NO_WORDS = new Int32Array(0);
const NO_STATES = new Int16Array(0);

/**
 * Some thousand neighbouring files in columns. A set is made of chunks, so that it grows without a copy of what is there:
 * memory that was outgrown stays with the process until the whole heap is collected, and brings that about.
 */
export class RowChunk<TFile> {
  private words = NO_WORDS;
  private states = NO_STATES;
  private files: (TFile | null)[] = [];
  /** The handler of all rows, until there is a second one. */
  private entry: HandlerEntry<TFile> | null = null;
  private entries: HandlerEntry<TFile>[] | null = null;

  /** Rows there is room for. */
  get capacity(): number {
    return this.states.length;
  }

  /**
   * Makes room for some rows in all: four times as many as before, at most a full chunk.
   * @throws LuoError ENOMEM; nothing is changed
   */
  grow(rows: number): void {
    const capacity = Math.min(CHUNK_ROWS, Math.max(ROWS_MIN, rows, this.capacity * 4));
    this.reserve(capacity);
  }

  /** Makes room for exactly this many rows in all. @throws LuoError ENOMEM; nothing is changed */
  reserve(rows: number): void {
    const buffer = allocating(`${rows} files`, () => new ArrayBuffer(rows * ROW_BYTES));
    const words = new Int32Array(buffer, 0, rows * ROW_WORDS);
    const states = new Int16Array(buffer, words.byteLength, rows);
    const files = new Array<TFile | null>(rows).fill(null);
    for (let at = 0; at < this.files.length; at++) files[at] = this.files[at] as TFile | null;
    words.set(this.words);
    states.set(this.states);
    this.words = words;
    this.states = states;
    this.files = files;
  }

  /** Adds a file at a place, for which there is room; those before it are taken. */
  set(at: number, entry: HandlerEntry<TFile>, file: TFile | null): void {
    this.files[at] = file;
    this.states[at] = 0;
    this.setHalves(at, DATA_LOW, 0, 0);
    if (at === 0) {
      this.entry = entry;
      this.entries = null;
    } else if (entry !== this.entry || this.entries !== null) {
      this.entries ??= new Array<HandlerEntry<TFile>>(at).fill(this.entry as HandlerEntry<TFile>);
      this.entries[at] = entry;
    }
  }

  setHalves(at: number, first: number, low: number, high: number): void {
    this.words[at * ROW_WORDS + first] = low;
    this.words[at * ROW_WORDS + first + 1] = high;
  }

  hasHalves(at: number, first: number, low: number, high: number): boolean {
    const { words } = this;
    const from = at * ROW_WORDS + first;
    return words[from] === low && words[from + 1] === high;
  }

  wholeAt(at: number, first: number): bigint {
    const { words } = this;
    const from = at * ROW_WORDS + first;
    return joinU64(words[from] as number, words[from + 1] as number);
  }

  half(at: number, word: number): number {
    return this.words[at * ROW_WORDS + word] as number;
  }

  hashTokens(from: number, into: Int32Array): void {
    const { words } = this;
    for (let i = 0; i < into.length; i++) {
      const at = (from + i) * ROW_WORDS;
      into[i] = hashToken(words[at + TOKEN_LOW] as number, words[at + TOKEN_HIGH] as number);
    }
  }

  fileAt(at: number): TFile | null {
    return this.files[at] as TFile | null;
  }

  setFile(at: number, file: TFile | null): void {
    this.files[at] = file;
  }

  entryAt(at: number): HandlerEntry<TFile> {
    const { entries } = this;
    return (entries === null ? this.entry : entries[at]) as HandlerEntry<TFile>;
  }

  statusAt(at: number): number {
    return ((this.states[at] as number) << STATUS_SHIFT) >> STATUS_SHIFT;
  }

  setStatus(at: number, status: number): void {
    this.states[at] = ((this.states[at] as number) & ~STATUS_MASK) | (status & STATUS_MASK);
  }

  heldAt(at: number): boolean {
    return ((this.states[at] as number) & IDENTITY_HELD) !== 0;
  }

  setHeld(at: number): void {
    this.states[at] = (this.states[at] as number) | IDENTITY_HELD;
  }
}
