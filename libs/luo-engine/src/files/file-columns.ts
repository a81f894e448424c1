import type { LuoError } from '../errors/luo-error';
import type { HandlerEntry } from '../handlers/handler-registry';
import { ROW_WORDS, WORD, type FileWord } from './file-words';
import { LuoFile } from './luo-file';
import type { TokenRows } from './token-index';

const ROWS_MIN = 4;

/**
 * The files of a set in order of preservation, in columns: numbers side by side in one array, instead of an object
 * for each file that the garbage collector would visit again and again.
 */
export class FileColumns<TFile> implements TokenRows {
  readonly privateData = new Map<number, unknown>();
  readonly retrieveErrors = new Map<number, LuoError>();
  readonly #files: (TFile | null)[] = [];
  /** The handlers of the set; rows name them by position. */
  readonly #entries: HandlerEntry<TFile>[] = [];
  #words = new Int32Array(0);

  get length(): number {
    return this.#files.length;
  }

  /** A view of a row that exists. */
  at(row: number): LuoFile<TFile> {
    return new LuoFile(this, row);
  }

  *[Symbol.iterator](): IterableIterator<LuoFile<TFile>> {
    for (let row = 0; row < this.length; row++) yield this.at(row);
  }

  push(entry: HandlerEntry<TFile>, file: TFile | null, tokenLow: number, tokenHigh: number): void {
    const row = this.#files.length;
    if ((row + 1) * ROW_WORDS > this.#words.length) this.reserve(Math.max(ROWS_MIN, row * 2));
    this.#files.push(file);
    const words = this.#words;
    const at = row * ROW_WORDS;
    words[at + WORD.dataLow] = 0;
    words[at + WORD.dataHigh] = 0;
    words[at + WORD.tokenLow] = tokenLow;
    words[at + WORD.tokenHigh] = tokenHigh;
    words[at + WORD.retrieveStatus] = 0;
    words[at + WORD.identityHeld] = 0;
    words[at + WORD.entry] = this.#positionOf(entry);
  }

  /** Removes the last row. */
  pop(): void {
    const row = this.#files.length - 1;
    this.#files.pop();
    if (this.privateData.size > 0) this.privateData.delete(row);
    if (this.retrieveErrors.size > 0) this.retrieveErrors.delete(row);
    if (row === 0) this.clear();
  }

  clear(): void {
    this.#files.length = 0;
    this.#entries.length = 0;
    this.privateData.clear();
    this.retrieveErrors.clear();
    this.#words = new Int32Array(0);
  }

  /** Makes room for `rows` rows at once. */
  reserve(rows: number): void {
    if (rows * ROW_WORDS <= this.#words.length) return;
    const words = new Int32Array(rows * ROW_WORDS);
    words.set(this.#words);
    this.#words = words;
  }

  tokenLowAt(row: number): number {
    return this.#words[row * ROW_WORDS + WORD.tokenLow] as number;
  }

  tokenHighAt(row: number): number {
    return this.#words[row * ROW_WORDS + WORD.tokenHigh] as number;
  }

  entryAt(row: number): HandlerEntry<TFile> {
    return this.#entries[
      this.#words[row * ROW_WORDS + WORD.entry] as number
    ] as HandlerEntry<TFile>;
  }

  fileAt(row: number): TFile | null {
    return this.#files[row] as TFile | null;
  }

  setFile(row: number, file: TFile | null): void {
    this.#files[row] = file;
  }

  word(row: number, word: FileWord): number {
    return this.#words[row * ROW_WORDS + word] as number;
  }

  setWord(row: number, word: FileWord, value: number): void {
    this.#words[row * ROW_WORDS + word] = value;
  }

  setData(row: number, low: number, high: number): void {
    this.#words[row * ROW_WORDS + WORD.dataLow] = low;
    this.#words[row * ROW_WORDS + WORD.dataHigh] = high;
  }

  /** Files of one handler usually come in a row, so the last one is looked at first. */
  #positionOf(entry: HandlerEntry<TFile>): number {
    const known = this.#entries.lastIndexOf(entry);
    return known >= 0 ? known : this.#entries.push(entry) - 1;
  }
}
