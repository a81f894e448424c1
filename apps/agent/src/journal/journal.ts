// The journal: what this agent has promised and done, written before it acts and before it answers.
//
// Happy path: `append` returns once the records are on disk; only then does the caller act or answer. A new runtime or a
// restarted agent opens the same file and has the same state.
// Unhappy paths: a torn last line (power lost, killed while writing) is cut off, for nobody was told of it yet; damage
// anywhere else, or a record of a newer agent, stops the agent with JournalError, because guessing could run a phase twice.
// Ordering: append is synchronous and serial. Compaction writes a new file beside the old one and renames it.
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { decodeRecord, encodeRecord, JournalError, type JournalRecord } from './journal-record';
import {
  applyRecord,
  emptyJournalState,
  snapshotRecords,
  type JournalState,
} from './journal.state';

/** What the rest of the agent needs of a journal. */
export interface Journal {
  readonly state: JournalState;
  /** Returns once the records are durable (FileJournal) or remembered (MemoryJournal). */
  append(...records: JournalRecord[]): void;
  close(): void;
}

/** More lines than this and the file is rewritten: keeps start-up (which reads all of it) within milliseconds. */
const COMPACT_AFTER_LINES = 2_000;

export class FileJournal implements Journal {
  readonly state = emptyJournalState();
  private fd: number;
  private lines = 0;

  private constructor(private readonly file: string) {
    mkdirSync(path.dirname(file), { recursive: true });
    const isNew = !existsSync(file);
    this.fd = openSync(file, 'a+', 0o600);
    if (isNew) syncDirectory(file);
  }

  /** Opens or creates the journal and reads it whole. Throws JournalError when it can not be trusted. */
  static open(file: string): FileJournal {
    const journal = new FileJournal(file);
    journal.read();
    if (journal.lines > COMPACT_AFTER_LINES) journal.compact();
    return journal;
  }

  append(...records: JournalRecord[]): void {
    const text = records.map(encodeRecord).join('');
    try {
      writeAll(this.fd, text);
      fdatasyncSync(this.fd);
    } catch (cause) {
      const detail = 'could not be written; nothing was done that it does not know of';
      throw new JournalError('JOURNAL_UNWRITABLE', this.file, detail, { cause });
    }
    for (const record of records) applyRecord(this.state, record);
    this.lines += records.length;
    if (this.lines > COMPACT_AFTER_LINES) this.compact();
  }

  /** Rewrites the file as the shortest one with the same meaning. */
  compact(): void {
    const records = snapshotRecords(this.state);
    const next = `${this.file}.next`;
    const fd = openSync(next, 'w', 0o600);
    writeAll(fd, records.map(encodeRecord).join(''));
    fsyncSync(fd);
    closeSync(fd);
    renameSync(next, this.file);
    syncDirectory(this.file);
    closeSync(this.fd);
    this.fd = openSync(this.file, 'a+', 0o600);
    this.lines = records.length;
  }

  close(): void {
    closeSync(this.fd);
  }

  private read(): void {
    const bytes = readFileSync(this.file);
    let start = 0;
    while (start < bytes.length) {
      const end = bytes.indexOf(0x0a, start);
      const line = bytes.toString('utf8', start, end === -1 ? bytes.length : end);
      const isLast = end === -1 || end === bytes.length - 1;
      try {
        if (end === -1)
          throw new JournalError('JOURNAL_TORN', this.file, 'the last line is cut off');
        applyRecord(this.state, decodeRecord(line, `${this.file} line ${this.lines + 1}`));
      } catch (error) {
        if (!isLast || isTooNew(error)) throw error;
        ftruncateSync(this.fd, start);
        fsyncSync(this.fd);
        return;
      }
      this.lines += 1;
      start = end + 1;
    }
  }
}

/** For simulated hosts only, whose whole existence ends with the process: remembered, not durable. */
export class MemoryJournal implements Journal {
  readonly state = emptyJournalState();

  append(...records: JournalRecord[]): void {
    for (const record of records) applyRecord(this.state, record);
    const { generation, commands } = this.state;
    for (const [key, entry] of commands) {
      const old = entry.command.generation < generation;
      if (old && entry.state === 'finished' && entry.recorded) commands.delete(key);
    }
  }

  close(): void {
    this.state.commands.clear();
  }
}

const isTooNew = (error: unknown): boolean =>
  error instanceof JournalError && error.code === 'JOURNAL_TOO_NEW';

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) {
    written += writeSync(fd, bytes, written, bytes.length - written);
  }
}

function syncDirectory(file: string): void {
  const directory = openSync(path.dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
}
