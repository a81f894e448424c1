// Takes in commands as often as they are delivered.
//
// Happy path: in the journal, together with what it puts an end to, then answered.
// Unhappy paths: a known key is answered from the journal; an older generation is refused without an entry; so is whatever the
// journal can not take, unless the host needs it to serve.
import type { Journal } from '../journal/journal';
import { reasonOfJournal } from '../journal/journal-reason';
import type { JournalError, JournalRecord } from '../journal/journal-record';
import type { Log } from '../log';
import { endedOtherwise, type AgentCommand, type AgentResult } from '../model/command';
import { reasonOf } from '../model/reason';
import type { Ledger } from './ledger';
import { isForService, voidedBy } from './next-step';
import type { Results } from './results';

interface IntakeOptions {
  journal: Journal;
  ledger: Ledger;
  results: Results;
  log: Log;
  onAccepted(key: string): void;
  onResult(result: AgentResult): void;
}

export class CommandIntake {
  constructor(private readonly options: IntakeOptions) {}

  /** Whether something may have become due. */
  take(command: AgentCommand): boolean {
    const { journal, ledger, results, onAccepted, onResult } = this.options;
    const { state } = journal;
    const known = state.commands.get(command.key);
    if (known?.state === 'finished') {
      if (ledger.mayTell(command.key)) onResult(known.result);
      return false;
    }
    const refusal = ledger.refusalOf(command.key);
    if (known !== undefined) onAccepted(command.key);
    else if (refusal !== undefined) onResult(refusal);
    else if (command.generation < state.generation) onResult(this.stale(command));
    if (known !== undefined || refusal !== undefined || command.generation < state.generation)
      return false;
    const voided = voidedBy(state, command).map(({ command: other, reason }) =>
      results.of(other, endedOtherwise('voided', reason), Date.now()),
    );
    const records: JournalRecord[] = [
      { kind: 'accepted', command },
      ...voided.map((result): JournalRecord => ({ kind: 'finished', result })),
    ];
    const isOwed = journal.isWhole && isForService(state, command);
    const error = isOwed ? null : ledger.write(...records);
    if (error !== null) {
      this.refuse(command, error);
      return true;
    }
    const isDurable = isOwed ? ledger.owe(...records) : true;
    onAccepted(command.key);
    for (const result of voided) ledger.tell(result, isDurable);
    return true;
  }

  private refuse(command: AgentCommand, error: JournalError): void {
    const { log, ledger, results } = this.options;
    const reason = reasonOfJournal(error);
    log.error('command refused', { key: command.key, reason });
    // It may come back from the disk after a restart, and would be carried out then: no answer is the only true one.
    if (error.mayRemain) return;
    const outcome = command.phase === 'rollback' ? 'failed' : 'refused';
    ledger.refuse(results.of(command, endedOtherwise(outcome, reason), Date.now()));
  }

  private stale(command: AgentCommand): AgentResult {
    const { journal, results } = this.options;
    const detail = `generation ${command.generation} is older than ${journal.state.generation}`;
    const reason = reasonOf('STALE_GENERATION', detail, { subject: command.key });
    return results.of(command, endedOtherwise('voided', reason), Date.now());
  }
}
