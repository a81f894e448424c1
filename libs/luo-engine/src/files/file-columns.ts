import type { LuoError, LuoSubject } from '../errors/luo-error';
import type { OutgoingFile, RetrieveStatus } from '../handlers/file-handler';
import type { HandlerEntry } from '../handlers/handler-registry';
import {
  CHUNK_BITS,
  CHUNK_ROWS,
  DATA_HIGH,
  DATA_LOW,
  RowChunk,
  TOKEN_HIGH,
  TOKEN_LOW,
} from './row-chunk';
import type { TokenRows } from './token-table';

const IN_CHUNK = CHUNK_ROWS - 1;

/** What can be said of a preserved file from outside. */
export interface FileReport {
  readonly token: bigint;
  readonly compatible: string;
  readonly data: bigint;
  readonly retrieveStatus: RetrieveStatus;
}

/**
 * The files of a set in order of preservation, in columns: numbers side by side in arrays, instead of an object for each
 * file that the garbage collector would visit again and again. The columns are cut into chunks of rows.
 */
export class FileColumns<TFile> implements TokenRows {
  readonly privateData = new Map<number, unknown>();
  readonly retrieveErrors = new Map<number, LuoError>();
  private chunks: RowChunk<TFile>[] = [];
  private capacity = 0;
  private rowCount = 0;

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
    if (this.rowCount === this.capacity) this.grow();
  }

  /** Adds a file as the last row, for which room was reserved. @returns the row */
  push(
    entry: HandlerEntry<TFile>,
    file: TFile | null,
    tokenLow: number,
    tokenHigh: number,
  ): number {
    const row = this.rowCount;
    const at = row & IN_CHUNK;
    const chunk = this.chunkOf(row);
    chunk.set(at, entry, file);
    chunk.setHalves(at, TOKEN_LOW, tokenLow, tokenHigh);
    this.rowCount = row + 1;
    return row;
  }

  /** Removes the last row. */
  pop(): void {
    const row = --this.rowCount;
    this.chunkOf(row).setFile(row & IN_CHUNK, null);
    if (this.privateData.size > 0) this.privateData.delete(row);
    if (this.retrieveErrors.size > 0) this.retrieveErrors.delete(row);
    if (row === 0) this.clear();
  }

  clear(): void {
    this.rowCount = 0;
    this.chunks = [];
    this.capacity = 0;
    this.privateData.clear();
    this.retrieveErrors.clear();
  }

  /** Makes room for `rows` rows of an empty set at once. @throws LuoError ENOMEM; nothing is changed */
  expect(rows: number): void {
    const chunks: RowChunk<TFile>[] = [];
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const chunk = new RowChunk<TFile>();
      chunk.reserve(Math.min(CHUNK_ROWS, rows - from));
      chunks.push(chunk);
    }
    this.chunks = chunks;
    this.capacity = rows;
  }

  /** The last chunk grows fourfold until it is full; a further one is made full. */
  private grow(): void {
    const last = this.chunks.at(-1);
    if (last !== undefined && last.capacity < CHUNK_ROWS) {
      const before = last.capacity;
      last.grow(before + 1);
      this.capacity += last.capacity - before;
      return;
    }
    const chunk = new RowChunk<TFile>();
    chunk.grow(last === undefined ? 1 : CHUNK_ROWS);
    this.chunks.push(chunk);
    this.capacity += chunk.capacity;
  }

  private chunkOf(row: number): RowChunk<TFile> {
    return this.chunks[row >>> CHUNK_BITS] as RowChunk<TFile>;
  }

  tokenLowAt(row: number): number {
    return this.chunkOf(row).half(row & IN_CHUNK, TOKEN_LOW);
  }

  tokenHighAt(row: number): number {
    return this.chunkOf(row).half(row & IN_CHUNK, TOKEN_HIGH);
  }

  hasToken(row: number, low: number, high: number): boolean {
    return this.chunkOf(row).hasHalves(row & IN_CHUNK, TOKEN_LOW, low, high);
  }

  hashTokens(from: number, into: Int32Array): void {
    for (let done = 0; done < into.length;) {
      const at = (from + done) & IN_CHUNK;
      const count = Math.min(CHUNK_ROWS - at, into.length - done);
      this.chunkOf(from + done).hashTokens(at, into.subarray(done, done + count));
      done += count;
    }
  }

  tokenAt(row: number): bigint {
    return this.chunkOf(row).wholeAt(row & IN_CHUNK, TOKEN_LOW);
  }

  dataAt(row: number): bigint {
    return this.chunkOf(row).wholeAt(row & IN_CHUNK, DATA_LOW);
  }

  dataLowAt(row: number): number {
    return this.chunkOf(row).half(row & IN_CHUNK, DATA_LOW);
  }

  dataHighAt(row: number): number {
    return this.chunkOf(row).half(row & IN_CHUNK, DATA_HIGH);
  }

  setData(row: number, low: number, high: number): void {
    this.chunkOf(row).setHalves(row & IN_CHUNK, DATA_LOW, low, high);
  }

  entryAt(row: number): HandlerEntry<TFile> {
    return this.chunkOf(row).entryAt(row & IN_CHUNK);
  }

  fileAt(row: number): TFile | null {
    return this.chunkOf(row).fileAt(row & IN_CHUNK);
  }

  retrieveStatusAt(row: number): number {
    return this.chunkOf(row).statusAt(row & IN_CHUNK);
  }

  setRetrieved(row: number, file: TFile): void {
    const chunk = this.chunkOf(row);
    chunk.setFile(row & IN_CHUNK, file);
    chunk.setStatus(row & IN_CHUNK, 1);
  }

  setRetrieveStatus(row: number, status: number): void {
    this.chunkOf(row).setStatus(row & IN_CHUNK, status);
  }

  /** Its identity is among those that the engine holds (D3). */
  identityHeldAt(row: number): boolean {
    return this.chunkOf(row).heldAt(row & IN_CHUNK);
  }

  setIdentityHeld(row: number): void {
    this.chunkOf(row).setHeld(row & IN_CHUNK);
  }
}

/**
 * One preserved file (B6): handler, file, handle, private data, retrieve status, token. A view of one row of its
 * set's columns, made when somebody looks; it is also what callbacks get, narrowed by their types. It is good
 * until its file leaves the set.
 */
export class LuoFile<TFile> implements FileReport {
  constructor(
    private readonly columns: FileColumns<TFile>,
    private readonly row: number,
  ) {}

  get entry(): HandlerEntry<TFile> {
    return this.columns.entryAt(this.row);
  }

  /** Null after the reboot until it is retrieved. */
  get file(): TFile | null {
    return this.columns.fileAt(this.row);
  }

  get privateData(): unknown {
    return this.columns.privateData.get(this.row);
  }

  get data(): bigint {
    return this.columns.dataAt(this.row);
  }

  get token(): bigint {
    return this.columns.tokenAt(this.row);
  }

  get compatible(): string {
    return this.entry.handler.compatible;
  }

  get retrieveStatus(): RetrieveStatus {
    return this.columns.retrieveStatusAt(this.row);
  }

  get subject(): LuoSubject {
    return { token: this.token, compatible: this.compatible };
  }

  /** As callbacks before the reboot see it; they run only while `file` is set. */
  get outgoing(): OutgoingFile<TFile> {
    return this as OutgoingFile<TFile>;
  }
}
