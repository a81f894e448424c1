import type { Step } from '../concurrency/step';
import { LuoError, type LuoOperation } from '../errors/luo-error';
import type { FileReport } from '../files/file-columns';
import type { CloseOutcome, LiveUpdateSession, SessionDirection } from './live-update';
import type { SessionEntry } from './session-entry';

/** What a handle needs of its orchestrator. */
export interface SessionOwner<TFile> {
  /** @throws LuoError EBUSY while frozen: the kernel would make the caller wait for ever (D11) */
  requireThawed(operation: LuoOperation): void;
  remove(session: SessionEntry<TFile>): void;
  /** Told of a session that could not be finished on close (S11). */
  orphaned(session: SessionEntry<TFile>, cause: unknown): void;
}

/** The one handle of a session; the kernel's session descriptor. */
export class Session<TFile> implements LiveUpdateSession<TFile> {
  #open = true;

  /** @internal */
  constructor(
    private readonly owner: SessionOwner<TFile>,
    private readonly entry: SessionEntry<TFile>,
  ) {}

  get direction(): SessionDirection {
    return this.entry.direction;
  }

  /** Files in the session now. */
  get fileCount(): number {
    return this.entry.files.count;
  }

  /** Most files it can hold (B2, D1). */
  get fileCountMax(): number {
    return this.entry.files.countMax;
  }

  /** Its files in order of preservation. */
  report(): FileReport[] {
    return this.entry.files.report();
  }

  getName(): string {
    this.#requireOpen('get-name');
    this.owner.requireThawed('get-name');
    return this.entry.name;
  }

  preserve(token: bigint, file: TFile): void | Promise<void> {
    this.#requireDirection('preserve', 'outgoing');
    const { lock, subject, files } = this.entry;
    if (!lock.enter('preserve', subject)) return this.#preserveInTurn(token, file);
    try {
      return lock.hold(files.preserve(token, file));
    } finally {
      lock.leave();
    }
  }

  retrieve(token: bigint): TFile | Promise<TFile> {
    this.#requireDirection('retrieve', 'incoming');
    const { lock, subject, files } = this.entry;
    if (!lock.enter('retrieve', subject)) return this.#retrieveInTurn(token);
    try {
      return lock.hold(files.retrieve(token));
    } finally {
      lock.leave();
    }
  }

  finish(): void | Promise<void> {
    this.#requireDirection('finish', 'incoming');
    return this.#run('finish', this.entry.files.finish());
  }

  close(): CloseOutcome | Promise<CloseOutcome> {
    this.#requireOpen('close');
    this.owner.requireThawed('close');
    this.#open = false;
    return this.#run('close', this.#close());
  }

  #preserveInTurn(token: bigint, file: TFile): Promise<void> {
    const { lock, files } = this.entry;
    return lock.queue(() => files.preserve(token, file));
  }

  #retrieveInTurn(token: bigint): Promise<TFile> {
    const { lock, files } = this.entry;
    return lock.queue(() => files.retrieve(token));
  }

  *#close(): Step<CloseOutcome> {
    const { entry, owner } = this;
    if (entry.direction === 'outgoing') {
      yield* entry.files.unpreserveAll();
    } else {
      try {
        yield* entry.files.finish();
      } catch (cause) {
        owner.orphaned(entry, cause);
        return 'orphaned';
      }
    }
    owner.remove(entry);
    return 'closed';
  }

  #run<T>(operation: LuoOperation, step: Step<T>): T | Promise<T> {
    return this.entry.lock.run(operation, this.entry.subject, step);
  }

  #requireOpen(operation: LuoOperation): void {
    if (this.#open) return;
    throw new LuoError('EBADF', operation, this.entry.subject, 'this handle is closed');
  }

  #requireDirection(operation: LuoOperation, direction: SessionDirection): void {
    this.#requireOpen(operation);
    this.owner.requireThawed(operation);
    if (this.entry.direction === direction) return;
    const detail = `only ${direction} sessions can, this one is ${this.entry.direction}`;
    throw new LuoError('EINVAL', operation, this.entry.subject, detail);
  }
}
