// What is written down and what is told, in that order, also while the disk takes nothing.
//
// Happy path: a result is in the journal, then it is told.
// Unhappy paths: what ended although the journal can not be written is owed to it; it is told once it is written, because a
// restarted agent would not know of it and might end it otherwise. Commands that are not taken in are refused; a refusal is
// remembered here only, and given again as long as this memory lasts.
// Ordering: while anything is owed, writing is tried again every `RETRY_MS`; `onWritable` follows once it works.
import type { Journal } from '../journal/journal';
import { JournalError, type JournalRecord } from '../journal/journal-record';
import { journalReason } from '../journal/journal-reason';
import type { Log } from '../log';
import type { AgentResult } from '../model/command';

const RETRY_MS = 1_000;
/** More than the commands of one host update; the control plane asks for nothing older again. */
const REFUSALS_KEPT = 64;

interface LedgerOptions {
  journal: Journal;
  log: Log;
  onResult(result: AgentResult): void;
  onWritable(): void;
}

export class Ledger {
  private readonly owed = new Map<string, AgentResult>();
  private readonly refusals = new Map<string, AgentResult>();
  private isWaiting = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: LedgerOptions) {}

  /** The journal was opened, be it that it can not be written. */
  open(): void {
    if (this.options.journal.problem !== null) this.waitForDisk();
  }

  /** Null once the records are durable; else why they are not, and then nothing has changed. */
  write(...records: JournalRecord[]): JournalError | null {
    try {
      this.options.journal.append(...records);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.waitForDisk();
      return error;
    }
    this.written();
    return null;
  }

  /** The records are true, whatever the disk says. Whether they are durable. */
  owe(...records: JournalRecord[]): boolean {
    const isDurable = this.options.journal.owe(...records);
    if (isDurable) this.written();
    else this.waitForDisk();
    return isDurable;
  }

  /** Tells a result once it is durable; at once where a restarted agent would come to the same end. */
  tell(result: AgentResult, isDurable: boolean): void {
    if (isDurable || endsAlikeAfterRestart(result)) this.options.onResult(result);
    else this.owed.set(result.key, result);
  }

  refuse(result: AgentResult): void {
    this.refusals.set(result.key, result);
    const [oldest] = this.refusals.keys();
    if (this.refusals.size > REFUSALS_KEPT && oldest !== undefined) this.refusals.delete(oldest);
    this.options.onResult(result);
  }

  refusalOf(key: string): AgentResult | undefined {
    return this.refusals.get(key);
  }

  /** The control plane has this result. */
  recorded(key: string): void {
    const entry = this.options.journal.state.commands.get(key);
    if (entry?.state === 'finished' && !entry.recorded) this.owe({ kind: 'recorded', key });
    else this.refusals.delete(key);
  }

  /** Results the control plane may not have, oldest first. */
  unrecorded(): AgentResult[] {
    const entries = [...this.options.journal.state.commands.values()];
    const results = entries.flatMap((entry) =>
      entry.state === 'finished' && !entry.recorded && this.mayTell(entry.result.key)
        ? [entry.result]
        : [],
    );
    return [...results, ...this.refusals.values()];
  }

  mayTell(key: string): boolean {
    return !this.owed.has(key);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private waitForDisk(): void {
    const { journal, log } = this.options;
    if (this.isWaiting) return;
    this.isWaiting = true;
    log.error('the journal can not be written', { reason: journalReason(journal) ?? undefined });
    if (!journal.isWhole) return;
    this.timer = setInterval(() => {
      if (journal.settle()) this.written();
    }, RETRY_MS);
  }

  private written(): void {
    if (!this.isWaiting) return;
    this.isWaiting = false;
    clearInterval(this.timer);
    const { log, onResult, onWritable } = this.options;
    log.info('the journal is written again', { owed: this.owed.size });
    const results = [...this.owed.values()];
    this.owed.clear();
    results.forEach(onResult);
    onWritable();
  }
}

/** An agent that finds these only started rolls them back, or does the same once more. */
const endsAlikeAfterRestart = ({ phase, outcome }: AgentResult): boolean =>
  phase === 'rollback' ||
  (outcome === 'rolled-back' && ['preserve', 'freeze', 'reboot'].includes(phase));
