import { UPSTREAM_PROFILE, type ProfileName } from '../profile';
import type { Session } from '../sessions/session-handle';
import type { EngineOperation, SessionRef } from './engine-operations';
import { FaultyHandler, MarkedTestFile, testFile, type TestFile } from './faulty.handler';
import { CLOSED_FILE, FOREIGN_FILE, fileName, POOL_SIZE, ReferenceModel } from './reference-model';
import { codeOf, TestHost } from './test-host';

/** Small pages so that sets fill up: 8 files in the seed's two pages, 6 in two blocks of 3. */
const PAGE_SIZE_BYTES = 256;
const BLOCKS_MAX = 2;

/** Every other file bears its own mark, before and after the reboot. */
function newFile(name: string): TestFile {
  return Number(name.slice(-1)) % 2 === 0 ? new MarkedTestFile(name) : testFile(name);
}

/** The engine and the reference model side by side. */
export class ModelledHost {
  readonly model: ReferenceModel;
  readonly host: TestHost;
  readonly #handler: FaultyHandler;
  readonly #pool = Array.from({ length: POOL_SIZE }, (_, i) => newFile(fileName(i)));
  readonly #handles = new Map<string, Session<TestFile>>();
  /** Objects got by retrieve, under the model's number. */
  readonly #retrieved = new Map<string, TestFile>();

  /** Told of every operation and its answer. */
  onAnswer: (kind: EngineOperation['kind'], code: string | null) => void = () => undefined;

  constructor(
    private readonly profile: ProfileName,
    asynchronous: boolean,
  ) {
    const foreign = fileName(FOREIGN_FILE);
    this.#handler = new FaultyHandler({
      asynchronous,
      newFile,
      accepts: ({ name }) => name !== foreign,
    });
    this.host = new TestHost({
      profile: profile === 'seed' ? 'seed' : { ...UPSTREAM_PROFILE, blocksMax: BLOCKS_MAX },
      pageSizeBytes: PAGE_SIZE_BYTES,
      handlers: [this.#handler],
    });
    this.model = new ReferenceModel({ profile, filesMax: profile === 'seed' ? 8 : 6 });
    this.#closePoolFile();
  }

  /** Does one operation to both and says what differs; null when nothing does. */
  async step(wish: EngineOperation): Promise<string | null> {
    const operation = this.#resolve(wish);
    const actual = await codeOf(() => this.#perform(operation));
    const expected = this.model.apply(operation);
    this.onAnswer(operation.kind, expected);
    if (actual !== expected) return `answered ${String(actual)} instead of ${String(expected)}`;
    return this.#compareState();
  }

  /** Heals everything, closes everything: what remains held is what differs. */
  async drain(): Promise<string | null> {
    const steps: EngineOperation[] = [{ kind: 'heal' }];
    for (const { direction, name, retrieved } of this.host.orchestrator.report()) {
      if (direction === 'incoming' && !retrieved) steps.push({ kind: 'retrieve-session', name });
      steps.push({ kind: 'close', session: { direction, name } });
    }
    for (const operation of steps) {
      const difference = await this.step(operation);
      if (difference !== null) return difference;
    }
    return null;
  }

  /**
   * Points an operation at something that exists, so that lives go deep: another open session of the same side, a
   * session that can still be retrieved, a token that is there. The name `s3` and tokens above 7 are left as
   * they are, for the errors.
   */
  #resolve(wish: EngineOperation): EngineOperation {
    const { model } = this;
    if (wish.kind === 'retrieve-session') {
      const waiting = model.incoming.find(({ retrieved }) => !retrieved);
      return wish.name === 's3' || waiting === undefined ? wish : { ...wish, name: waiting.name };
    }
    if (wish.kind === 'preserve-retrieved') {
      const from = model.incoming.find(({ files }) => files.some(({ object }) => object !== null));
      const file = from?.files.find(({ object }) => object !== null);
      if (from !== undefined && file !== undefined) {
        return { ...this.#elsewhere(wish), from: from.name, fromToken: file.token };
      }
    }
    if (!('session' in wish)) return wish;
    const operation = this.#elsewhere(wish);
    if (operation.kind !== 'retrieve' || operation.token > 7) return operation;
    const files = model.handle(operation.session)?.files ?? [];
    const file = files[operation.token % files.length];
    return file === undefined ? operation : { ...operation, token: file.token };
  }

  /** The same operation on a session that is open, when there is one on that side. */
  #elsewhere<T extends { readonly session: SessionRef }>(wish: T): T {
    const { direction } = wish.session;
    if (this.model.handle(wish.session) !== undefined) return wish;
    const other = this.model[direction].find(({ held }) => held);
    return other === undefined ? wish : { ...wish, session: { direction, name: other.name } };
  }

  async #perform(operation: EngineOperation): Promise<void> {
    const { host } = this;
    switch (operation.kind) {
      case 'create':
        this.#keep('outgoing', operation.name, host.create(operation.name));
        return;
      case 'preserve':
        return this.#handle(operation.session)?.preserve(
          BigInt(operation.token),
          this.#pool[operation.file] as TestFile,
        );
      case 'preserve-retrieved': {
        const file = this.#retrieved.get(`${operation.from} ${operation.fromToken}`);
        const known = this.model.retrievedObject(operation.from, operation.fromToken) !== null;
        if (file === undefined || !known) return;
        return this.#handle(operation.session)?.preserve(BigInt(operation.token), file);
      }
      case 'retrieve-session':
        this.#keep('incoming', operation.name, host.retrieve(operation.name));
        return;
      case 'retrieve': {
        const file = await this.#handle(operation.session)?.retrieve(BigInt(operation.token));
        if (file === undefined) return;
        const key = `${operation.session.name} ${operation.token}`;
        // Asked again, the engine takes one more reference for the caller (B39); this caller drops it at once.
        if (this.#retrieved.get(key) === file) host.references.put(file);
        this.#retrieved.set(key, file);
        return;
      }
      case 'finish':
        return this.#handle(operation.session)?.finish();
      case 'close':
        await this.#handle(operation.session)?.close();
        this.#handles.delete(keyOf(operation.session));
        return;
      case 'reboot':
        await host.reboot();
        this.#handles.clear();
        this.#retrieved.clear();
        this.#closePoolFile();
        return;
      case 'freeze-and-unfreeze':
        await host.orchestrator.freezeAll();
        return host.orchestrator.unfreezeAll();
      case 'fault':
        this.#handler.fail(operation.callback, fileName(operation.file), 'EIO');
        return;
      case 'heal':
        this.#pool.forEach(({ name }) => this.#handler.heal(name));
    }
  }

  #handle(ref: SessionRef): Session<TestFile> | undefined {
    return this.#handles.get(keyOf(ref));
  }

  #keep(direction: SessionRef['direction'], name: string, session: Session<TestFile>): void {
    this.#handles.set(keyOf({ direction, name }), session);
  }

  #closePoolFile(): void {
    this.host.references.close(this.#pool[CLOSED_FILE] as TestFile);
  }

  /** Counts and lists, references, handles and pages: nothing lost, nothing twice. */
  #compareState(): string | null {
    const { host, model } = this;
    // The seed hands out the zeroed handles of B30; upstream nothing may ever be released twice.
    const { faults, openCount } = this.#handler.ledger;
    if (this.profile === 'upstream' && faults.length > 0) return faults.join(', ');
    const sides: [string, unknown, unknown][] = [
      ['handles', openCount, model.openCount],
      ['references', host.references.total, model.referenceCount],
      [
        'sessions',
        host.device &&
          host.orchestrator.report().map((s) => [s.direction, s.name, s.fileCount].join(' ')),
        [
          ...model.incoming.map((s) => `incoming ${s.name} ${s.files.length}`),
          ...model.outgoing.map((s) => `outgoing ${s.name} ${s.files.length}`),
        ],
      ],
      [
        'pages',
        host.memory.preservedSizeBytes / PAGE_SIZE_BYTES,
        expectedPages(model, this.profile),
      ],
    ];
    for (const [what, actual, expected] of sides) {
      if (JSON.stringify(actual) === JSON.stringify(expected)) continue;
      return `${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`;
    }
    return null;
  }
}

/** Pages that exactly the listed sessions and files need: buffers are freed once, with the last file. */
function expectedPages({ outgoing }: ReferenceModel, profile: ProfileName): number {
  const sessionPages = Math.ceil(outgoing.length / 3);
  return outgoing.reduce((pages, { files }) => {
    if (files.length === 0) return pages;
    return pages + (profile === 'seed' ? 2 : Math.ceil(files.length / 3));
  }, sessionPages);
}

function keyOf({ direction, name }: SessionRef): string {
  return `${direction} ${name}`;
}
