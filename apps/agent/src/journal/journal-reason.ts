// What operators read about a journal that can not be written.
import { describeError, isDiskFull, reasonOf, type Reason } from '../model/reason';
import type { Journal } from './journal';
import type { JournalError } from './journal-record';

/** Null while it can be written. */
export function journalReason(journal: Pick<Journal, 'problem'>): Reason | null {
  return journal.problem && reasonOfJournal(journal.problem);
}

export function reasonOfJournal(error: JournalError): Reason {
  const { code, subject, cause } = error;
  const isFull = isDiskFull(cause);
  const todo = isFull
    ? 'free some space there; the agent goes on by itself'
    : code === 'JOURNAL_UNWRITABLE'
      ? 'the agent goes on by itself once it can write there'
      : code === 'JOURNAL_TOO_NEW'
        ? 'start the newer agent again'
        : 'let updates of this host end, move the file away and restart the agent';
  const detail = `${describeError(error)}; ${todo}`;
  return reasonOf(isFull ? 'DISK_FULL' : code, detail, { subject, cause });
}
