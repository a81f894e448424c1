// Carries out commands, one at a time, so that each key acts once.
//
// Happy path: accept (journalled) -> started (journalled) -> the backend acts -> finished (journalled) -> `onResult`;
// results go out again with every connection until `recorded`.
// Unhappy paths: a known key is answered from the journal; an older generation is refused without an entry; a rollback
// interrupts a preserve or freeze under way and voids what waits; a command that was started by a memory that is gone is
// concluded (interrupted.ts); a reboot does not cross once this is closed, and looks for a stop right before; a host that
// stays frozen with nothing to do thaws by itself. While the journal can not be
// written, commands are refused, nothing is started and a frozen host thaws, up to the point of no return; past it, and for a
// rollback, service comes first and the journal is owed (ledger.ts).
// Ordering: `open` first (arrival, recovery, and retrieve when this memory comes out of a reboot), then `accept`.
import type { Journal } from '../journal/journal';
import { reasonOfJournal } from '../journal/journal-reason';
import { encodeRecord, JournalError, type JournalRecord } from '../journal/journal-record';
import { snapshotRecords } from '../journal/journal.state';
import type { Backend } from '../backend/backend';
import type { Faults } from '../faults/faults';
import type { Log } from '../log';
import {
  endedOtherwise,
  type AgentCommand,
  type AgentResult,
  type PhaseEnd,
  type SessionStatus,
} from '../model/command';
import { describeError, isDiskFull, ReasonedError, reasonOf, type Reason } from '../model/reason';
import { CommandIntake } from './command-intake';
import { concludeInterrupted, lastSessions } from './interrupted';
import { Ledger } from './ledger';
import { isArriving, isForService, isPastNoReturn, nextStep } from './next-step';
import { abortReason, PhaseAborted } from './phase-clock';
import { PhaseRunner, stoppedBefore } from './phase-runner';
import { Results } from './results';

export interface ExecutorOptions {
  journal: Journal;
  backend: Backend;
  faults: Faults;
  log: Log;
  incarnationId: string;
  /** Longest a host stays frozen while no command is due. */
  frozenLimitMs: number;
  /** Why an image that was rebooted into gave way to this one; empty when none did. */
  nextImageSaid?: string;
  onAccepted(key: string): void;
  onResult(result: AgentResult): void;
  /** Resolves once every signal that would close this executor has been heard. */
  lastLook?(): Promise<unknown>;
  /** The running runtime has proven itself: it is to be started from now on. */
  onTookOver(): void;
}

export class PhaseExecutor {
  private readonly runner = new PhaseRunner();
  private loop: Promise<void> | null = null;
  private thawTimer: NodeJS.Timeout | undefined;
  private closed = false;
  private isKicked = false;
  /** The take-over is not in the journal yet; what was kept in case it failed is still kept. */
  private settleDue = false;
  private readonly results: Results;
  private readonly ledger: Ledger;
  private readonly intake: CommandIntake;

  constructor(private readonly options: ExecutorOptions) {
    const { journal, log, onResult, onAccepted, backend, incarnationId } = options;
    const results = new Results(backend, incarnationId);
    const ledger = new Ledger({ journal, log, onResult, onWritable: () => this.kick() });
    this.intake = new CommandIntake({ journal, ledger, results, log, onAccepted, onResult });
    this.results = results;
    this.ledger = ledger;
  }

  /** Finds out how this memory came to be and brings the host to a state where every workload has one serving instance. */
  async open(): Promise<void> {
    // Nothing else may start, and `close` waits.
    this.loop = this.arrive().finally(() => (this.loop = null));
    await this.loop;
    if (this.closed) return;
    await this.options.backend.start();
    this.kick();
  }

  /** Takes in a command as often as it is delivered. */
  accept(command: AgentCommand): void {
    if (!this.intake.take(command)) return;
    if (command.phase === 'rollback') this.interruptFor(command);
    this.kick();
  }

  /** The control plane has this result. */
  recorded(key: string): void {
    this.ledger.recorded(key);
  }

  /** Results the control plane may not have, oldest first. */
  unrecordedResults(): AgentResult[] {
    return this.ledger.unrecorded();
  }

  /** A workload refuses finish (reason) or no longer does (null). Null once that is durable; else nothing has changed. */
  holdFinish(workload: string, reason: string | null): JournalError | null {
    return this.ledger.write({ kind: 'finish-hold', workload, reason });
  }

  /** Keys accepted or finished whose result is not yet recorded. */
  openKeys(): string[] {
    return [...this.options.journal.state.commands.values()].flatMap((entry) =>
      entry.state === 'finished' && entry.recorded ? [] : [entry.command.key],
    );
  }

  /** Starts nothing more; resolves when the phase under way has ended, which is told to after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.closed = true;
    clearTimeout(this.thawTimer);
    const late = setTimeout(() => this.runner.stop(graceMs), graceMs);
    await this.loop?.catch((error: unknown) =>
      this.options.log.error('ended early', { error: describeError(error) }),
    );
    clearTimeout(late);
    this.ledger.close();
  }

  private async arrive(): Promise<void> {
    const { backend, journal, faults, incarnationId, log } = this.options;
    this.ledger.open();
    const arrival = await backend.arrive();
    log.info('arrived', { arrival: arrival.how, version: backend.running.version });
    if (arrival.how === 'handover') {
      faults.point('reboot:arrived');
      const { running, bootId } = backend;
      const { key } = arrival;
      const end = this.resultOf(key, { ...emptyEnd, outcome: 'succeeded' });
      const finished: JournalRecord[] = end === null ? [] : [{ kind: 'finished', result: end }];
      const isDurable = this.ledger.owe(
        { kind: 'booted', key, version: running.version, incarnationId, bootId },
        ...finished,
      );
      if (end !== null) this.ledger.tell(end, isDurable);
      faults.point('after:reboot');
      if (nextStep(journal.state).kind !== 'run') await this.retrieveUnasked();
      await this.runLoop();
      // A rollback may have been first, and nothing after it.
      if (isArriving(journal.state)) await this.retrieveUnasked();
    } else {
      await this.concludeOpenCommands(arrival.how === 'cold' ? null : arrival.reason);
    }
  }

  private kick(): void {
    clearTimeout(this.thawTimer);
    this.isKicked = true;
    this.loop ??= this.runLoop().finally(() => {
      this.loop = null;
      if (this.closed) return;
      if (this.isKicked) this.kick();
      else this.armThaw();
    });
  }

  /** Returns when nothing is due, or what is due can not be started. */
  private async runLoop(): Promise<void> {
    for (;;) {
      this.isKicked = false;
      await this.settleIfDue();
      const step = nextStep(this.options.journal.state);
      if (this.closed) return;
      if (step.kind === 'idle') return this.thawUnwritable();
      if (step.kind === 'void') {
        this.finish(step.command, endedOtherwise('voided', step.reason), Date.now());
      } else if (!(await this.carryOut(step.command))) {
        return this.thawUnwritable();
      }
    }
  }

  /** False when it can not be started. */
  private async carryOut(command: AgentCommand, resuming = false): Promise<boolean> {
    const { faults, incarnationId, journal } = this.options;
    const startedAtMs = Date.now();
    if (!resuming) {
      faults.point(`before:${command.phase}`);
      const { key } = command;
      const started: JournalRecord = { kind: 'started', key, atMs: startedAtMs, incarnationId };
      if (isForService(journal.state, command)) this.ledger.owe(started);
      else if (this.ledger.write(started) !== null) return false;
      faults.point(`journaled:${command.phase}`);
      await this.settleIfDue();
    }
    const end = await this.runner
      .run(command, (signal) => this.act(command, signal))
      .catch((error: unknown) => endedOtherwise('failed', this.reasonThrown(command.key, error)));
    faults.point(`acted:${command.phase}`);
    const isDurable = await this.finishOrUndo(command, end, startedAtMs);
    if (command.phase === 'retrieve' && tookOver(end)) {
      this.settleDue = true;
      if (isDurable) await this.settleIfDue();
    }
    return true;
  }

  /** As `finish`; but what can be undone is, when the journal does not take that it succeeded. */
  private async finishOrUndo(
    command: AgentCommand,
    end: PhaseEnd,
    startedAtMs: number,
  ): Promise<boolean> {
    const isUndoable = command.phase === 'preserve' || command.phase === 'freeze';
    if (!isUndoable || end.outcome !== 'succeeded') return this.finish(command, end, startedAtMs);
    const result = this.results.of(command, end, startedAtMs);
    const error = this.ledger.write({ kind: 'finished', result });
    if (error === null) {
      this.announce(result, true);
      return true;
    }
    const undone = await this.rollBackUnasked(end.sessions);
    const { sessions, resumedAtMs } = undone;
    const outcome = undone.outcome === 'succeeded' ? 'rolled-back' : 'failed';
    const rolledBack = endedOtherwise(outcome, reasonOfJournal(error), sessions);
    return this.finish(
      command,
      { ...rolledBack, frozenAtMs: end.frozenAtMs, resumedAtMs },
      startedAtMs,
    );
  }

  /** A frozen host that can not go on serves again: what waits finds that out when it can be started. */
  private async thawUnwritable(): Promise<void> {
    const { backend, journal, log } = this.options;
    if (!backend.isFrozen() || journal.problem === null || isArriving(journal.state)) return;
    log.warn('frozen while the journal can not be written; workloads resume');
    await this.thaw();
  }

  private async thaw(): Promise<void> {
    const { outcome, reason } = await this.rollBackUnasked();
    if (outcome !== 'succeeded') this.options.log.error('thaw failed', { reason });
  }

  private rollBackUnasked(lastSessions: SessionStatus[] = []): Promise<PhaseEnd> {
    return this.unasked('rollback', lastSessions).catch((error: unknown) =>
      endedOtherwise('failed', this.reasonThrown('rollback unasked', error), lastSessions),
    );
  }

  /** What the host does by itself. */
  private unasked(phase: 'retrieve' | 'rollback', lastSessions: SessionStatus[]) {
    return this.runner.run({ phase, timeoutMs: 0 }, (signal) =>
      this.options.backend[phase]({ command: null, signal, lastSessions }),
    );
  }

  private reasonThrown(key: string, error: unknown): Reason {
    if (error instanceof ReasonedError) return error.reason;
    if (error instanceof JournalError) return reasonOfJournal(error);
    const detail = describeError(error);
    this.options.log.error('phase threw', { key, error: detail });
    return reasonOf(isDiskFull(error) ? 'DISK_FULL' : 'INTERNAL', detail, { cause: error });
  }

  private async act(command: AgentCommand, signal: AbortSignal): Promise<PhaseEnd> {
    const { backend, journal } = this.options;
    const context = { command, signal, lastSessions: lastSessions(journal.state, command) };
    if (command.phase === 'reboot') {
      const fromVersion = backend.running.version;
      const toVersion = command.release?.version ?? '';
      return backend.reboot({
        ...context,
        cross: async (imageSha256) => {
          const { key } = command;
          await this.options.lastLook?.();
          if (this.runner.current !== command) throw new Error('the phase is over');
          if (context.signal.aborted) throw new PhaseAborted(abortReason(context.signal));
          if (this.closed) throw new ReasonedError(stoppedBefore(key));
          const error = this.ledger.write({
            ...{ kind: 'crossed', key, fromVersion, toVersion, imageSha256 },
          });
          if (error !== null) throw error;
          this.options.faults.point('reboot:crossed');
        },
        carriedJournal: () => snapshotRecords(journal.state).map(encodeRecord).join(''),
      });
    }
    if (command.phase === 'rollback' && isPastNoReturn(journal.state, command)) {
      const detail = `${backend.running.version} already runs here; roll back by an update to the earlier release`;
      return endedOtherwise('refused', reasonOf('PAST_POINT_OF_NO_RETURN', detail));
    }
    if (command.phase === 'retrieve') {
      const crossing = journal.state.crossing;
      if (crossing?.retrieved && isPastNoReturn(journal.state, command)) return crossing.retrieved;
    }
    return backend[command.phase](context);
  }

  /** Past the point of no return a host serves again by itself, also when the command for it never arrived. */
  private async retrieveUnasked(): Promise<void> {
    const { journal } = this.options;
    const startedAtMs = Date.now();
    const end = await this.unasked('retrieve', []);
    const key = journal.state.crossing?.key;
    if (key === undefined) return;
    this.settleDue = true;
    const retrieved = this.results.timed(end, startedAtMs);
    if (this.ledger.owe({ kind: 'took-over', key, retrieved })) await this.settleIfDue();
  }

  private async settleIfDue(): Promise<void> {
    if (!this.settleDue || this.options.journal.problem !== null) return;
    this.settleDue = false;
    this.options.onTookOver();
    await this.options.backend.settle();
    this.options.faults.point('retrieve:settled');
  }

  /** Whether it is durable. */
  private finish(command: AgentCommand, end: PhaseEnd, startedAtMs: number): boolean {
    const { crossing } = this.options.journal.state;
    const result = this.results.of(command, end, startedAtMs);
    const records: JournalRecord[] = [{ kind: 'finished', result }];
    if (
      command.phase === 'retrieve' &&
      crossing !== null &&
      crossing.retrieved === null &&
      tookOver(end)
    )
      records.unshift({
        kind: 'took-over',
        key: crossing.key,
        retrieved: this.results.timed(end, startedAtMs),
      });
    const isDurable = this.ledger.owe(...records);
    this.announce(result, isDurable);
    return isDurable;
  }

  private announce(result: AgentResult, isDurable: boolean): void {
    const { faults, log } = this.options;
    const { key, phase, outcome, reason } = result;
    log.info('phase ended', { key, phase, outcome, reason: reason ?? undefined });
    faults.point(`after:${phase}`);
    this.ledger.tell(result, isDurable);
  }

  private async concludeOpenCommands(lost: PhaseEnd['reason']): Promise<void> {
    const { journal, backend } = this.options;
    const { crossing } = journal.state;
    const started = [...journal.state.commands.values()].find(({ state }) => state === 'started');
    const open = started?.command ?? (crossing?.retrieved === null ? crossing : undefined);
    const sessions = open === undefined ? [] : lastSessions(journal.state, open);
    const recovery = await backend.recover(crossing, sessions);
    for (const entry of [...journal.state.commands.values()]) {
      if (entry.state !== 'started') continue;
      const { command, startedAtMs } = entry;
      if (lost !== null) {
        this.finish(command, endedOtherwise('state-lost', lost, recovery.lost), startedAtMs);
        continue;
      }
      const conclusion = concludeInterrupted(journal.state, entry, {
        ...recovery,
        nextImageSaid: this.options.nextImageSaid ?? '',
      });
      if (conclusion.kind === 'ended') this.finish(command, conclusion.end, startedAtMs);
      else if (journal.isWhole) await this.carryOut(command, true);
    }
  }

  private interruptFor(rollback: AgentCommand): void {
    const { phase } = this.runner.current ?? {};
    if (phase !== 'preserve' && phase !== 'freeze') return;
    const detail = `a rollback was asked during ${phase}`;
    this.runner.abort(reasonOf('ROLLBACK_REQUESTED', detail, { subject: rollback.key }));
  }

  private armThaw(): void {
    const { backend, frozenLimitMs, log } = this.options;
    if (!backend.isFrozen()) return;
    this.thawTimer = setTimeout(() => {
      log.warn('frozen for too long with no command due; workloads resume', { frozenLimitMs });
      this.loop = this.thaw().finally(() => {
        this.loop = null;
        if (!this.closed) this.kick();
      });
    }, frozenLimitMs);
  }

  private resultOf(key: string, end: PhaseEnd): AgentResult | null {
    const entry = this.options.journal.state.commands.get(key);
    if (entry === undefined || entry.state === 'finished') return null;
    return this.results.of(entry.command, end, entry.state === 'started' ? entry.startedAtMs : 0);
  }
}

const emptyEnd = { reason: null, sessions: [], frozenAtMs: 0, resumedAtMs: 0, blackoutMs: 0 };

/** A retrieve after which the next runtime is the host's runtime, be it that a workload did not come up. */
const tookOver = (end: PhaseEnd): boolean =>
  end.outcome === 'succeeded' || end.outcome === 'failed';
