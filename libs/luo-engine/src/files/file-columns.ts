import { allocating } from '../errors/allocation';
import type { LuoError } from '../errors/luo-error';
import type { HandlerEntry } from '../handlers/handler-registry';
import { LuoFile } from './luo-file';
import type { TokenRows } from './token-table';

const ROWS_MIN = 16;

/** Words of a row. u64 values are two halves: a million bigints would be a million heap objects. */
const DATA_LOW = 0;
const DATA_HIGH = 1;
const TOKEN_LOW = 2;
const TOKEN_HIGH = 3;
const STATE = 4;
const ROW_WORDS = 5;

/**
 * Parts of the state word: retrieve status (an errno has 12 bits and a sign), identity held, position of the handler (18
 * bits, more than handlers can be registered in any time).
 */
const STATUS_BITS = 13;
const STATUS_MASK = (1 << STATUS_BITS) - 1;
const STATUS_SHIFT = 32 - STATUS_BITS;
const IDENTITY_HELD = 1 << STATUS_BITS;
const ENTRY_SHIFT = STATUS_BITS + 1;

/**
 * The files of a set in order of preservation, in columns: numbers side by side in one array, instead of an object
 * for each file that the garbage collector would visit again and again.
 */
export class FileColumns<TFile> implements TokenRows {
  readonly privateData = new Map<number, unknown>();
  readonly retrieveErrors = new Map<number, LuoError>();
  private files: (TFile | null)[] = [];
  private rowCount = 0;
  /** The handlers of the set; rows name them by position. */
  private readonly entries: HandlerEntry<TFile>[] = [];
  /** Files of one handler usually come in a row, so the position of the last one is kept. */
  private lastEntry: HandlerEntry<TFile> | null = null;
  private lastPosition = 0;
  private words = new Int32Array(0);

  get length(): number {
    return this.rowCount;
  }

  /** A view of a row that exists. */
  at(row: number): LuoFile<TFile> {
    return new LuoFile(this, row);
  }

  *[Symbol.iterator](): IterableIterator<LuoFile<TFile>> {
    for (let row = 0; row < this.length; row++) yield this.at(row);
  }

  /** Makes room for one more file. @throws LuoError ENOMEM; nothing is changed */
  reserveRow(): void {
    const row = this.rowCount;
    if ((row + 1) * ROW_WORDS > this.words.length) this.reserve(Math.max(ROWS_MIN, row * 2));
  }

  /** Adds a file as the last row, for which room was reserved. @returns the row */
  push(
    entry: HandlerEntry<TFile>,
    file: TFile | null,
    tokenLow: number,
    tokenHigh: number,
  ): number {
    const row = this.rowCount;
    this.files[row] = file;
    this.rowCount = row + 1;
    const { words } = this;
    const at = row * ROW_WORDS;
    words[at + DATA_LOW] = 0;
    words[at + DATA_HIGH] = 0;
    words[at + TOKEN_LOW] = tokenLow;
    words[at + TOKEN_HIGH] = tokenHigh;
    const position = entry === this.lastEntry ? this.lastPosition : this.positionOf(entry);
    words[at + STATE] = position << ENTRY_SHIFT;
    return row;
  }

  /** Removes the last row. */
  pop(): void {
    const row = --this.rowCount;
    this.files[row] = null;
    if (this.privateData.size > 0) this.privateData.delete(row);
    if (this.retrieveErrors.size > 0) this.retrieveErrors.delete(row);
    if (row === 0) this.clear();
  }

  clear(): void {
    this.rowCount = 0;
    this.files = [];
    this.entries.length = 0;
    this.lastEntry = null;
    this.privateData.clear();
    this.retrieveErrors.clear();
    this.words = new Int32Array(0);
  }

  /** Makes room for `rows` rows of an empty set at once. */
  expect(rows: number): void {
    this.reserve(rows);
    this.files = new Array<TFile | null>(rows).fill(null);
  }

  private reserve(rows: number): void {
    if (rows * ROW_WORDS <= this.words.length) return;
    const words = allocating(`${rows} files`, () => new Int32Array(rows * ROW_WORDS));
    words.set(this.words);
    this.words = words;
  }

  tokenLowAt(row: number): number {
    return this.words[row * ROW_WORDS + TOKEN_LOW] as number;
  }

  tokenHighAt(row: number): number {
    return this.words[row * ROW_WORDS + TOKEN_HIGH] as number;
  }

  dataLowAt(row: number): number {
    return this.words[row * ROW_WORDS + DATA_LOW] as number;
  }

  dataHighAt(row: number): number {
    return this.words[row * ROW_WORDS + DATA_HIGH] as number;
  }

  setData(row: number, low: number, high: number): void {
    this.words[row * ROW_WORDS + DATA_LOW] = low;
    this.words[row * ROW_WORDS + DATA_HIGH] = high;
  }

  entryAt(row: number): HandlerEntry<TFile> {
    const state = this.words[row * ROW_WORDS + STATE] as number;
    return this.entries[state >>> ENTRY_SHIFT] as HandlerEntry<TFile>;
  }

  fileAt(row: number): TFile | null {
    return this.files[row] as TFile | null;
  }

  setFile(row: number, file: TFile | null): void {
    this.files[row] = file;
  }

  retrieveStatusAt(row: number): number {
    const state = this.words[row * ROW_WORDS + STATE] as number;
    return (state << STATUS_SHIFT) >> STATUS_SHIFT;
  }

  setRetrieveStatus(row: number, status: number): void {
    const at = row * ROW_WORDS + STATE;
    this.words[at] = ((this.words[at] as number) & ~STATUS_MASK) | (status & STATUS_MASK);
  }

  /** Its identity is among those that the engine holds (D3). */
  identityHeldAt(row: number): boolean {
    return ((this.words[row * ROW_WORDS + STATE] as number) & IDENTITY_HELD) !== 0;
  }

  setIdentityHeld(row: number): void {
    const at = row * ROW_WORDS + STATE;
    this.words[at] = (this.words[at] as number) | IDENTITY_HELD;
  }

  private positionOf(entry: HandlerEntry<TFile>): number {
    const known = this.entries.indexOf(entry);
    this.lastEntry = entry;
    this.lastPosition = known >= 0 ? known : this.entries.push(entry) - 1;
    return this.lastPosition;
  }
}
