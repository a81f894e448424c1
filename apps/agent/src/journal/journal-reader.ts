// What the bytes of a journal say. Pure.
//
// Happy path: one record a line, all with the right checksum.
// Unhappy paths: what follows the last sound record is a torn tail (cut off, overwritten with zeros, several lines of it):
// nobody was told of it, so it counts as never written. So does a write that was cut off right where a sound record
// follows on the same line: it failed, and the agent went on. A damaged line with sound records after it is told as
// damage, because what it said was once true; so is a record that only a newer agent understands.
import { decodeRecord, JournalError, type JournalRecord } from './journal-record';

export interface JournalContent {
  /** Every sound record, in order; also those around damage. */
  records: JournalRecord[];
  /** Where the last sound record ends. */
  soundBytes: number;
  /** Whether that record ends with its line. */
  endsLine: boolean;
  /** Why the records are not the whole truth. */
  damage: JournalError | null;
}

/** A record begins here. Inside the JSON of a record its quotes would be escaped. */
const RECORD_START = /(?=[0-9a-f]{8} \{"v":)/;

export function readJournal(bytes: Buffer, file: string): JournalContent {
  const content: JournalContent = { records: [], soundBytes: 0, endsLine: true, damage: null };
  let suspect: JournalError | null = null;
  let number = 0;
  for (let start = 0; start < bytes.length;) {
    number += 1;
    const found = bytes.indexOf(0x0a, start);
    const end = found === -1 ? bytes.length : found;
    let at = start;
    for (const piece of bytes.toString('latin1', start, end).split(RECORD_START)) {
      const pieceEnd = at + piece.length;
      const read = readPiece(bytes, at, pieceEnd, `${file} line ${number}`);
      at = pieceEnd;
      if (read instanceof JournalError) {
        if (read.code === 'JOURNAL_TOO_NEW') content.damage ??= read;
        // Only a whole line can have been a record that somebody was told of.
        else if (pieceEnd === end && piece !== '') suspect ??= read;
        continue;
      }
      content.damage ??= suspect;
      content.records.push(read.record);
      content.endsLine = read.end === found;
      content.soundBytes = content.endsLine ? read.end + 1 : read.end;
    }
    start = end + 1;
  }
  return content;
}

/** The record in these bytes, be it that one byte is wrong where its line should end. */
function readPiece(
  bytes: Buffer,
  start: number,
  end: number,
  subject: string,
): { record: JournalRecord; end: number } | JournalError {
  try {
    return { record: decodeRecord(bytes.toString('utf8', start, end), subject), end };
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    if (error.code === 'JOURNAL_TOO_NEW' || bytes[end - 1] === 0x7d) return error;
    try {
      return {
        record: decodeRecord(bytes.toString('utf8', start, end - 1), subject),
        end: end - 1,
      };
    } catch {
      return error;
    }
  }
}
