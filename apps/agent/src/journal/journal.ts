// The journal: what this agent has promised and done, written before it acts and before it answers.
//
// Happy path: `append` returns once the records are on disk; only then does the caller act or answer. A new runtime or a
// restarted agent opens the same file and has the same state.
// Unhappy paths: a write that fails (disk full, read-only, broken) is taken back, and `append` throws; the next one tries
// again. After a failed sync nobody knows what the disk has, not even by reading it, so the next one writes a whole new
// file first. What is true whatever the disk says is owed: in the state at once, on disk as soon as it can be. A torn
// tail is cut off, for nobody was told of it yet. A journal that is damaged, can not be read or was written by a newer agent
// is left as it is and never written: going on by guess could run a phase twice. `problem` tells all of this.
// Ordering: append is synchronous and serial. A new file is written beside the old one, synced, and renamed over it.
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { describeError } from '../model/reason';
import { readJournal, type JournalContent } from './journal-reader';
import { encodeRecord, JournalError, type JournalRecord } from './journal-record';
import { applyRecord, emptyJournalState, snapshotRecords } from './journal.state';
import type { JournalState } from './journal.state';

/** What the rest of the agent needs of a journal. */
export interface Journal {
  readonly state: JournalState;
  /** Why nothing can be written, as of the last try; null while it can. */
  readonly problem: JournalError | null;
  /** Whether `state` is the whole truth, so that it may be acted on. */
  readonly isWhole: boolean;
  /** Returns once the records, and all that is owed, are durable (FileJournal) or remembered (MemoryJournal). Throws JournalError. */
  append(...records: JournalRecord[]): void;
  /** For what is true whether or not it can be written: in the state at once. False while it is not durable. */
  owe(...records: JournalRecord[]): boolean;
  /** Tries again to write. Whether nothing is owed and the next append may succeed. */
  settle(): boolean;
  close(): void;
}

/**
 * A journal that came with a reboot, and the reboot's key. One on disk that is sound and knows of the reboot is at least
 * as new, and goes on instead.
 */
export interface CarriedJournal {
  key: string;
  journal: string;
}

/** So many lines more than are needed and the file is rewritten: start-up reads all of it, within milliseconds. */
const COMPACT_AFTER_LINES = 2_000;

/** `w` and O_APPEND: after a write was taken back the next one follows the last sound record. */
const NEW_FILE = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND;

export class FileJournal implements Journal {
  readonly state = emptyJournalState();
  private fd: number | null = null;
  private fault: JournalError | null = null;
  /** Bytes and lines that are on disk. */
  private length = 0;
  private lines = 0;
  private compactAt = COMPACT_AFTER_LINES;
  private owed: JournalRecord[] = [];
  /** The file's content on disk is not known to be what was written: only a new file will do. */
  private mustRewrite = false;

  private constructor(private readonly file: string) {}

  /** Opens or creates the journal and reads it whole. Never throws: `problem` says what is wrong with it. */
  static open(file: string, carried: CarriedJournal | null = null): FileJournal {
    const journal = new FileJournal(file);
    journal.read(carried);
    return journal;
  }

  get problem(): JournalError | null {
    return this.fault;
  }

  get isWhole(): boolean {
    return this.fault === null || this.fault.code === 'JOURNAL_UNWRITABLE';
  }

  append(...records: JournalRecord[]): void {
    this.write(records);
    for (const record of records) applyRecord(this.state, record);
  }

  owe(...records: JournalRecord[]): boolean {
    for (const record of records) applyRecord(this.state, record);
    this.owed.push(...records);
    return this.settle();
  }

  settle(): boolean {
    try {
      // With nothing to write, only a whole new file shows that writing works again.
      if (this.fault !== null && this.owed.length === 0) this.renew();
      else this.write([]);
      return true;
    } catch (error) {
      if (error instanceof JournalError) return false;
      throw error;
    }
  }

  /** Rewrites the file as the shortest one with the same meaning. The old one goes on where that fails. */
  compact(): void {
    this.compactAt = this.lines + COMPACT_AFTER_LINES;
    try {
      this.rewrite();
    } catch {
      // Whether anything can be written the next append shows.
    }
  }

  close(): void {
    this.settle();
    closeQuietly(this.fd);
    this.fd = null;
  }

  private read(carried: CarriedJournal | null): void {
    let bytes: Buffer | null = null;
    try {
      bytes = readFileSync(this.file);
    } catch (cause) {
      if (!['ENOENT', 'ENOTDIR'].includes(String((cause as NodeJS.ErrnoException).code))) {
        const detail = `it can not be read: ${describeError(cause)}`;
        this.fault = new JournalError('JOURNAL_DAMAGED', this.file, detail, { cause });
      }
    }
    const content = readJournal(bytes ?? Buffer.of(), this.file);
    this.fault ??= content.damage;
    const knows = content.records.some((one) => one.kind === 'crossed' && one.key === carried?.key);
    if (carried !== null && (this.fault !== null || !knows)) return this.take(carried);
    for (const record of content.records) applyRecord(this.state, record);
    if (this.fault !== null) return;
    try {
      this.openAt(content, bytes === null);
      this.lines = content.records.length;
    } catch (cause) {
      this.mustRewrite = true;
      this.fault = this.unwritable(cause);
      return;
    }
    if (this.lines > this.compactAt) this.compact();
  }

  /** Goes on with what was carried, be it that it can not be written yet. */
  private take({ journal }: CarriedJournal): void {
    const { records, damage } = readJournal(Buffer.from(journal), `${this.file}, carried`);
    for (const record of records) applyRecord(this.state, record);
    this.fault = damage;
    this.mustRewrite = true;
    this.settle();
  }

  /** Opens the file for appending behind its last sound record. */
  private openAt({ soundBytes, endsLine }: JournalContent, isNew: boolean): void {
    mkdirSync(path.dirname(this.file), { recursive: true });
    this.fd = openSync(this.file, 'a+', 0o600);
    if (isNew) syncDirectory(this.file);
    this.length = soundBytes;
    if (sizeOf(this.fd) === soundBytes && endsLine) return;
    ftruncateSync(this.fd, soundBytes);
    if (!endsLine) this.length += writeAll(this.fd, '\n');
    fsyncSync(this.fd);
  }

  /** Writes what is owed and these. Throws JournalError; then none of these is in the file, as far as the disk lets us. */
  private write(records: readonly JournalRecord[]): void {
    if (!this.isWhole) throw this.fault as JournalError;
    if (this.fd === null || this.mustRewrite) this.renew();
    const all = [...this.owed, ...records];
    if (all.length === 0) return;
    const fd = this.fd as number | null;
    if (fd === null) return;
    try {
      const bytes = writeAll(fd, all.map(encodeRecord).join(''));
      this.mustRewrite = true;
      fdatasyncSync(fd);
      this.mustRewrite = false;
      this.length += bytes;
    } catch (cause) {
      this.takeBack(fd);
      this.fault = this.unwritable(cause);
      this.fault.mayRemain = sizeOf(fd) !== this.length;
      throw this.fault;
    }
    this.lines += all.length;
    this.owed = [];
    this.fault = null;
    if (this.lines > this.compactAt) this.compact();
  }

  /** The undo of a write that may have come through in part. */
  private takeBack(fd: number): void {
    try {
      if (sizeOf(fd) === this.length) return;
      ftruncateSync(fd, this.length);
      fsyncSync(fd);
    } catch {
      this.mustRewrite = true;
    }
  }

  /** As `rewrite`, but throws JournalError. */
  private renew(): void {
    if (!this.isWhole) throw this.fault as JournalError;
    try {
      this.rewrite();
    } catch (cause) {
      this.fault = this.unwritable(cause);
      throw this.fault;
    }
    this.fault = null;
  }

  private rewrite(): void {
    const records = snapshotRecords(this.state);
    mkdirSync(path.dirname(this.file), { recursive: true });
    const next = `${this.file}.next`;
    const fd = openSync(next, NEW_FILE, 0o600);
    let bytes: number;
    try {
      bytes = writeAll(fd, records.map(encodeRecord).join(''));
      fsyncSync(fd);
      renameSync(next, this.file);
    } catch (error) {
      closeQuietly(fd);
      removeQuietly(next);
      throw error;
    }
    // From here on the new file is the journal. Only if its name is lost with the power, the old one would be again.
    closeQuietly(this.fd);
    Object.assign(this, { fd, length: bytes, lines: records.length });
    this.compactAt = 2 * records.length + COMPACT_AFTER_LINES;
    this.mustRewrite = true;
    syncDirectory(this.file);
    this.mustRewrite = false;
    this.owed = [];
  }

  private unwritable(cause: unknown): JournalError {
    const detail = `it can not be written: ${describeError(cause)}`;
    return new JournalError('JOURNAL_UNWRITABLE', this.file, detail, { cause });
  }
}

/** For simulated hosts only, whose whole existence ends with the process: remembered, not durable. */
export class MemoryJournal implements Journal {
  readonly state = emptyJournalState();
  readonly problem = null;
  readonly isWhole = true;

  append(...records: JournalRecord[]): void {
    for (const record of records) applyRecord(this.state, record);
    const { generation, commands } = this.state;
    for (const [key, entry] of commands) {
      const old = entry.command.generation < generation;
      if (old && entry.state === 'finished' && entry.recorded) commands.delete(key);
    }
  }

  owe(...records: JournalRecord[]): boolean {
    this.append(...records);
    return true;
  }

  settle(): boolean {
    return true;
  }

  close(): void {
    this.state.commands.clear();
  }
}

/** Writes all of it; returns how many bytes that is. */
function writeAll(fd: number, text: string): number {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) {
    const more = writeSync(fd, bytes, written, bytes.length - written);
    if (more === 0) throw new Error('nothing more is taken');
    written += more;
  }
  return bytes.length;
}

/** Size of an open file; NaN, which equals nothing, where that can not be told. */
function sizeOf(fd: number): number {
  try {
    return fstatSync(fd).size;
  } catch {
    return NaN;
  }
}

function syncDirectory(file: string): void {
  const directory = openSync(path.dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeQuietly(directory);
  }
}

/** What is to be on disk was synced before; nothing depends on how closing ends. */
function closeQuietly(fd: number | null): void {
  try {
    if (fd !== null) closeSync(fd);
  } catch {
    // The descriptor is gone either way.
  }
}

function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // The next try writes over it.
  }
}
