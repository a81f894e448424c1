import type { Awaitable } from '../concurrency/step';
import { HandlerError, type ErrnoName } from '../errors/errno';
import { PreservableObject } from '../files/preservable-object';
import type {
  FileHandler,
  FinishingFile,
  FreezeResult,
  HandlerOwner,
  IncomingFile,
  OutgoingFile,
} from '../handlers/file-handler';
import { HandleLedger } from './handle-ledger';
import { Journal } from './journal';

/** A file of the test handlers. */
export interface TestFile {
  readonly name: string;
}

/** One that bears its own mark. */
export class MarkedTestFile extends PreservableObject implements TestFile {
  constructor(readonly name: string) {
    super();
  }
}

/** A new file of the test handlers. */
export function testFile(name: string): TestFile {
  return { name };
}

export type FaultyCallback =
  | 'canPreserve'
  | 'preserve'
  | 'unpreserve'
  | 'freeze'
  | 'unfreeze'
  | 'retrieve'
  | 'canFinish'
  | 'finish';

export interface FaultyHandlerOptions {
  readonly compatible?: string;
  readonly accepts?: (file: TestFile) => boolean;
  readonly journal?: Journal;
  /** Shared by the handlers of all boots of a test. */
  readonly ledger?: HandleLedger;
  /** Every callback answers with a promise. */
  readonly asynchronous?: boolean;
  readonly owner?: HandlerOwner;
  /** What retrieve makes; {@link testFile} unless given. */
  readonly newFile?: ((name: string) => TestFile) | undefined;
  /** Optional callbacks that this handler does not have. */
  readonly without?: readonly ('freeze' | 'unfreeze' | 'canFinish')[];
}

/**
 * A handler that writes down every callback and fails where it is told. `canFinish` "fails" by answering no, unless
 * told an errno to throw.
 */
export class FaultyHandler implements FileHandler<TestFile, string> {
  readonly compatible: string;
  readonly journal: Journal;
  readonly ledger: HandleLedger;
  readonly owner?: HandlerOwner;
  readonly freeze?: (file: OutgoingFile<TestFile, string>) => Awaitable<FreezeResult>;
  readonly unfreeze?: (file: OutgoingFile<TestFile, string>) => Awaitable<void>;
  readonly canFinish?: (file: FinishingFile<TestFile>) => Awaitable<boolean>;
  /** What freeze answers with, by file name; nothing unless set. */
  readonly freezeAnswers = new Map<string, FreezeResult>();
  readonly #faults = new Map<string, ErrnoName>();
  readonly #vetoes = new Set<string>();
  readonly #options: FaultyHandlerOptions;

  constructor(options: FaultyHandlerOptions = {}) {
    const { compatible = 'faulty-v1', journal, ledger, owner, without = [] } = options;
    this.#options = options;
    this.compatible = compatible;
    this.journal = journal ?? new Journal();
    this.ledger = ledger ?? new HandleLedger();
    if (owner !== undefined) this.owner = owner;
    if (!without.includes('freeze')) this.freeze = (file) => this.#freeze(file);
    if (!without.includes('unfreeze')) this.unfreeze = (file) => this.#unfreeze(file);
    if (!without.includes('canFinish')) this.canFinish = (file) => this.#canFinish(file);
  }

  /** From now on the callback throws for files of this name. */
  fail(callback: FaultyCallback, name: string, code: ErrnoName): void {
    this.#faults.set(`${callback} ${name}`, code);
  }

  /** Undoes {@link fail} and {@link veto} for files of this name. */
  heal(name: string): void {
    for (const key of [...this.#faults.keys()]) {
      if (key.endsWith(` ${name}`)) this.#faults.delete(key);
    }
    this.#vetoes.delete(name);
  }

  /** From now on canFinish says no for files of this name. */
  veto(name: string): void {
    this.#vetoes.add(name);
  }

  canPreserve(file: TestFile): Awaitable<boolean> {
    return this.#answer(() => {
      this.#enter('canPreserve', file.name);
      return (this.#options.accepts ?? (() => true))(file);
    });
  }

  preserve(file: TestFile): Awaitable<{ data: bigint; privateData: string }> {
    return this.#answer(() => {
      this.#enter('preserve', file.name);
      return { data: this.ledger.open(file.name), privateData: `private ${file.name}` };
    });
  }

  unpreserve({ file, data, privateData }: OutgoingFile<TestFile, string>): Awaitable<void> {
    return this.#answer(() => {
      this.journal.write(`unpreserve ${file.name} ${data} ${privateData}`);
      this.ledger.close(data);
      this.#throwAsTold('unpreserve', file.name);
    });
  }

  retrieve({ data }: IncomingFile): Awaitable<TestFile> {
    return this.#answer(() => {
      const name = this.ledger.nameOf(data);
      this.#enter('retrieve', name);
      return (this.#options.newFile ?? testFile)(name);
    });
  }

  finish({ data, file, retrieveStatus }: FinishingFile<TestFile>): Awaitable<void> {
    return this.#answer(() => {
      const name = this.ledger.nameOf(data);
      const having = file === null ? 'without file' : 'with file';
      this.journal.write(`finish ${name} ${having} ${retrieveStatus}`);
      this.ledger.close(data);
      this.#throwAsTold('finish', name);
    });
  }

  #freeze({ file, data }: OutgoingFile<TestFile, string>): Awaitable<FreezeResult> {
    return this.#answer(() => {
      this.journal.write(`freeze ${file.name} ${data}`);
      this.#throwAsTold('freeze', file.name);
      return this.freezeAnswers.get(file.name);
    });
  }

  #unfreeze({ file, data }: OutgoingFile<TestFile, string>): Awaitable<void> {
    return this.#answer(() => {
      this.journal.write(`unfreeze ${file.name} ${data}`);
      this.#throwAsTold('unfreeze', file.name);
    });
  }

  #canFinish({ data }: FinishingFile<TestFile>): Awaitable<boolean> {
    return this.#answer(() => {
      const name = this.ledger.nameOf(data);
      this.#enter('canFinish', name);
      return !this.#vetoes.has(name);
    });
  }

  #enter(callback: FaultyCallback, name: string): void {
    this.journal.write(`${callback} ${name}`);
    this.#throwAsTold(callback, name);
  }

  #throwAsTold(callback: FaultyCallback, name: string): void {
    const code = this.#faults.get(`${callback} ${name}`);
    if (code !== undefined) throw new HandlerError(code, `${callback} of ${name} was told to fail`);
  }

  /** At once, or as a promise that a failure rejects. */
  #answer<T>(callback: () => T): Awaitable<T> {
    if (this.#options.asynchronous !== true) return callback();
    return new Promise((resolve) => resolve(callback()));
  }
}
