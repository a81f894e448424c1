// Carries out commands, one at a time, so that each key acts once.
//
// Happy path: accept (journalled) -> started (journalled) -> the backend acts -> finished (journalled) -> `onResult`;
// results go out again with every connection until `recorded`.
// Unhappy paths: a known key is answered from the journal; an older generation is refused without an entry; a rollback
// interrupts a preserve or freeze under way and voids what waits; a command that was started by a memory that is gone is
// concluded (interrupted.ts); a host that stays frozen with nothing to do thaws by itself.
// Ordering: `open` first (arrival, recovery, and retrieve when this memory comes out of a reboot), then `accept`.
import type { Journal } from '../journal/journal';
import type { JournalRecord } from '../journal/journal-record';
import { encodeRecord } from '../journal/journal-record';
import { snapshotRecords } from '../journal/journal.state';
import type { Backend } from '../backend/backend';
import type { Faults } from '../faults/faults';
import type { Log } from '../log';
import {
  endedOtherwise,
  type AgentCommand,
  type AgentResult,
  type PhaseEnd,
} from '../model/command';
import { describeError, reasonOf } from '../model/reason';
import { concludeInterrupted, lastSessions } from './interrupted';
import { isPastNoReturn, nextStep, voidedBy } from './next-step';
import { PhaseClock } from './phase-clock';

export interface ExecutorOptions {
  journal: Journal;
  backend: Backend;
  faults: Faults;
  log: Log;
  incarnationId: string;
  /** Longest a host stays frozen while no command is due. */
  frozenLimitMs: number;
  onAccepted(key: string): void;
  onResult(result: AgentResult): void;
  /** The running runtime has proven itself: it is to be started from now on. */
  onTookOver(): void;
}

export class PhaseExecutor {
  private running: { command: AgentCommand; clock: PhaseClock } | null = null;
  private loop: Promise<void> | null = null;
  private thawTimer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly options: ExecutorOptions) {}

  /** Finds out how this memory came to be and brings the host to a state where every workload has one serving instance. */
  async open(): Promise<void> {
    const { backend, journal, faults, incarnationId, log } = this.options;
    const arrival = await backend.arrive();
    log.info('arrived', { arrival: arrival.how, version: backend.running.version });
    if (arrival.how === 'handover') {
      faults.point('reboot:arrived');
      const { running, bootId } = backend;
      const { key } = arrival;
      const end = this.resultOf(key, { ...emptyEnd, outcome: 'succeeded' });
      this.write(
        { kind: 'booted', key, version: running.version, incarnationId, bootId },
        ...(end === null ? [] : [{ kind: 'finished', result: end } as const]),
      );
      faults.point('after:reboot');
      if (nextStep(journal.state).kind !== 'run') await this.retrieveUnasked();
      await this.runLoop();
    } else {
      await this.concludeOpenCommands(arrival.how === 'cold' ? null : arrival.reason);
    }
    await backend.start();
    this.kick();
  }

  /** Takes in a command as often as it is delivered. */
  accept(command: AgentCommand): void {
    const { journal, onAccepted, onResult } = this.options;
    const known = journal.state.commands.get(command.key);
    if (known?.state === 'finished') return onResult(known.result);
    if (known !== undefined) return onAccepted(command.key);
    if (command.generation < journal.state.generation) return onResult(this.refuseStale(command));
    const voided = voidedBy(journal.state, command);
    const results = voided.map(({ command: other, reason }) =>
      this.toResult(other, endedOtherwise('voided', reason), Date.now()),
    );
    this.write(
      { kind: 'accepted', command },
      ...results.map((result): JournalRecord => ({ kind: 'finished', result })),
    );
    onAccepted(command.key);
    results.forEach(onResult);
    if (command.phase === 'rollback') this.interruptFor(command);
    this.kick();
  }

  /** The control plane has this result. */
  recorded(key: string): void {
    const entry = this.options.journal.state.commands.get(key);
    if (entry?.state !== 'finished' || entry.recorded) return;
    this.write({ kind: 'recorded', key });
  }

  /** Results the control plane may not have, oldest first. */
  unrecordedResults(): AgentResult[] {
    return [...this.options.journal.state.commands.values()].flatMap((entry) =>
      entry.state === 'finished' && !entry.recorded ? [entry.result] : [],
    );
  }

  /** Keys accepted or finished whose result is not yet recorded. */
  openKeys(): string[] {
    return [...this.options.journal.state.commands.values()].flatMap((entry) =>
      entry.state === 'finished' && entry.recorded ? [] : [entry.command.key],
    );
  }

  /** Starts nothing more; resolves when the phase under way has ended. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.thawTimer);
    await this.loop;
  }

  private kick(): void {
    clearTimeout(this.thawTimer);
    this.loop ??= this.runLoop().finally(() => {
      this.loop = null;
      if (this.closed) return;
      if (nextStep(this.options.journal.state).kind !== 'idle') this.kick();
      else this.armThaw();
    });
  }

  private async runLoop(): Promise<void> {
    for (;;) {
      const step = nextStep(this.options.journal.state);
      if (step.kind === 'idle' || this.closed) return;
      if (step.kind === 'void') {
        this.finish(step.command, endedOtherwise('voided', step.reason), Date.now());
      } else {
        await this.carryOut(step.command);
      }
    }
  }

  private async carryOut(command: AgentCommand, resuming = false): Promise<void> {
    const { faults, incarnationId, log } = this.options;
    const startedAtMs = Date.now();
    if (!resuming) {
      faults.point(`before:${command.phase}`);
      this.write({ kind: 'started', key: command.key, atMs: startedAtMs, incarnationId });
      faults.point(`journaled:${command.phase}`);
    }
    const clock = new PhaseClock(command);
    this.running = { command, clock };
    let end: PhaseEnd;
    try {
      end = await this.act(command, clock.signal);
    } catch (error) {
      log.error('phase threw', { key: command.key, error: describeError(error) });
      const detail = describeError(error);
      end = endedOtherwise('failed', reasonOf('INTERNAL', detail, { cause: error }));
    } finally {
      clock.stop();
      this.running = null;
    }
    faults.point(`acted:${command.phase}`);
    this.finish(command, end, startedAtMs);
    if (command.phase === 'retrieve' && tookOver(end)) await this.settle();
  }

  private async act(command: AgentCommand, signal: AbortSignal): Promise<PhaseEnd> {
    const { backend, journal } = this.options;
    const context = { command, signal, lastSessions: lastSessions(journal.state, command) };
    if (command.phase === 'reboot') {
      const fromVersion = backend.running.version;
      const toVersion = command.release?.version ?? '';
      return backend.reboot({
        ...context,
        cross: (imageSha256) => {
          const { key } = command;
          this.write({ kind: 'crossed', key, fromVersion, toVersion, imageSha256 });
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
    const { backend, journal } = this.options;
    const startedAtMs = Date.now();
    const end = await backend.retrieve(unasked());
    const key = journal.state.crossing?.key;
    if (key === undefined) return;
    this.write({ kind: 'took-over', key, retrieved: this.timed(end, startedAtMs) });
    await this.settle();
  }

  private async settle(): Promise<void> {
    this.options.onTookOver();
    await this.options.backend.settle();
    this.options.faults.point('retrieve:settled');
  }

  private finish(command: AgentCommand, end: PhaseEnd, startedAtMs: number): void {
    const { journal, onResult, faults, log } = this.options;
    const result = this.toResult(command, end, startedAtMs);
    const crossing = journal.state.crossing;
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
        retrieved: this.timed(end, startedAtMs),
      });
    this.write(...records);
    const { key, phase } = command;
    log.info('phase ended', { key, phase, outcome: end.outcome, reason: end.reason ?? undefined });
    faults.point(`after:${phase}`);
    onResult(result);
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
      const conclusion = concludeInterrupted(journal.state, entry, recovery);
      if (conclusion.kind === 'ended') this.finish(command, conclusion.end, startedAtMs);
      else await this.carryOut(command, true);
    }
  }

  private interruptFor(rollback: AgentCommand): void {
    const { command, clock } = this.running ?? {};
    if (command?.phase !== 'preserve' && command?.phase !== 'freeze') return;
    const detail = `a rollback was asked during ${command.phase}`;
    clock?.abort(reasonOf('ROLLBACK_REQUESTED', detail, { subject: rollback.key }));
  }

  private armThaw(): void {
    const { backend, frozenLimitMs, log } = this.options;
    if (!backend.isFrozen()) return;
    this.thawTimer = setTimeout(() => {
      log.warn('frozen for too long with no command due; workloads resume', { frozenLimitMs });
      const thaw = backend.rollback(unasked());
      this.loop = thaw.then(
        () => undefined,
        (error: unknown) => log.error('thaw failed', { error: describeError(error) }),
      );
      this.loop = this.loop.finally(() => {
        this.loop = null;
        this.kick();
      });
    }, frozenLimitMs);
  }

  private refuseStale(command: AgentCommand): AgentResult {
    const detail = `generation ${command.generation} is older than ${this.options.journal.state.generation}`;
    const reason = reasonOf('STALE_GENERATION', detail, { subject: command.key });
    return this.toResult(command, endedOtherwise('voided', reason), Date.now());
  }

  private resultOf(key: string, end: PhaseEnd): AgentResult | null {
    const entry = this.options.journal.state.commands.get(key);
    if (entry === undefined || entry.state === 'finished') return null;
    return this.toResult(entry.command, end, entry.state === 'started' ? entry.startedAtMs : 0);
  }

  private timed(end: PhaseEnd, startedAtMs: number): Omit<AgentResult, 'key' | 'phase'> {
    const { backend, incarnationId } = this.options;
    const { running, bootId } = backend;
    const finishedAtMs = Date.now();
    return {
      ...end,
      startedAtMs,
      finishedAtMs,
      runningVersion: running.version,
      bootId,
      incarnationId,
    };
  }

  private toResult(command: AgentCommand, end: PhaseEnd, startedAtMs: number): AgentResult {
    return { ...this.timed(end, startedAtMs), key: command.key, phase: command.phase };
  }

  private write(...records: JournalRecord[]): void {
    this.options.journal.append(...records);
  }
}

/** Context of what the host does by itself. */
const unasked = () => ({ command: null, signal: new AbortController().signal, lastSessions: [] });

const emptyEnd = { reason: null, sessions: [], frozenAtMs: 0, resumedAtMs: 0, blackoutMs: 0 };

/** A retrieve after which the next runtime is the host's runtime, be it that a workload did not come up. */
const tookOver = (end: PhaseEnd): boolean =>
  end.outcome === 'succeeded' || end.outcome === 'failed';
