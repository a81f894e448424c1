/**
 * DOC: the reference model
 *
 * What the engine must answer, said again in the plainest way: lists of sessions, lists of files, nothing shared with
 * the engine's code. It knows no bytes, no callbacks and no order of work, only outcomes: an errno or null for each
 * operation, and how much is held afterwards.
 */
import type { ErrnoName } from '../errors/errno';
import type { ProfileName } from '../profile';
import type { EngineOperation, SessionRef } from './engine-operations';

interface ModelFile {
  readonly token: number;
  readonly name: string;
  /** The object behind it; null after the reboot until retrieved. */
  object: number | null;
  failedWith: ErrnoName | null;
  /** The seed loses the handle when a reboot fails after the file was frozen (B30). */
  handleLost: boolean;
}

interface ModelSession {
  readonly name: string;
  readonly files: ModelFile[];
  /** Somebody holds its handle. */
  held: boolean;
  retrieved: boolean;
}

export interface ModelLimits {
  readonly profile: ProfileName;
  readonly filesMax: number;
}

export class ReferenceModel {
  outgoing: ModelSession[] = [];
  incoming: ModelSession[] = [];
  readonly faults = new Set<string>();
  /** Files whose state was lost with an incoming session that nobody finished (S13), or to B30. */
  lostCount = 0;
  readonly #limits: ModelLimits;
  #objects = 100;

  constructor(limits: ModelLimits) {
    this.#limits = limits;
  }

  /** Files whose state the handlers still keep. */
  get openCount(): number {
    const listed = [...this.outgoing, ...this.incoming].flatMap(({ files }) => files);
    return listed.length + this.lostCount;
  }

  /** References the engine holds of files. */
  get referenceCount(): number {
    const listed = [...this.outgoing, ...this.incoming].flatMap(({ files }) => files);
    return listed.filter(({ object }) => object !== null).length;
  }

  /** The object behind a retrieved file, if there is one. */
  retrievedObject(session: string, token: number): number | null {
    const found = this.incoming.find(({ name }) => name === session);
    return found?.files.find((file) => file.token === token)?.object ?? null;
  }

  handle({ direction, name }: SessionRef): ModelSession | undefined {
    return this[direction].find((session) => session.name === name && session.held);
  }

  /** Carries out an operation. @returns the expected errno, or null for success */
  apply(operation: EngineOperation): ErrnoName | null {
    switch (operation.kind) {
      case 'create':
        return this.#create(operation.name);
      case 'preserve':
        return this.#preserve(operation.session, operation.token, operation.file, operation.file);
      case 'preserve-retrieved': {
        const object = this.retrievedObject(operation.from, operation.fromToken);
        return object === null
          ? null
          : this.#preserve(operation.session, operation.token, object, null);
      }
      case 'retrieve-session':
        return this.#retrieveSession(operation.name);
      case 'retrieve':
        return this.#retrieve(operation.session, operation.token);
      case 'finish':
        return this.#finish(operation.session);
      case 'close':
        return this.#close(operation.session);
      case 'reboot':
        return this.#reboot();
      case 'freeze-and-unfreeze':
        return this.#freezeAndUnfreeze();
      case 'fault':
        this.faults.add(`${operation.callback} ${fileName(operation.file)}`);
        return null;
      case 'heal':
        this.faults.clear();
        return null;
    }
  }

  #fails(callback: string, name: string): boolean {
    return this.faults.has(`${callback} ${name}`);
  }

  #create(name: string): ErrnoName | null {
    if (this.outgoing.some((session) => session.name === name)) return 'EEXIST';
    this.outgoing.push({ name, files: [], held: true, retrieved: false });
    return null;
  }

  #preserve(ref: SessionRef, token: number, object: number, file: number | null): ErrnoName | null {
    const session = this.handle(ref);
    if (session === undefined) return null;
    if (ref.direction === 'incoming') return 'EINVAL';
    if (session.files.some((other) => other.token === token)) return 'EEXIST';
    if (session.files.length >= this.#limits.filesMax) return 'ENOSPC';
    const name = file === null ? this.#nameOf(object) : fileName(file);
    if (file === CLOSED_FILE) return 'EBADF';
    if (file === FOREIGN_FILE) return 'ENOENT';
    if (this.#limits.profile === 'upstream' && this.#isHeld(object)) return 'EBUSY';
    if (this.#fails('preserve', name)) return 'EIO';
    session.files.push({ token, name, object, failedWith: null, handleLost: false });
    return null;
  }

  #isHeld(object: number): boolean {
    const all = [...this.outgoing, ...this.incoming].flatMap(({ files }) => files);
    return all.some((file) => file.object === object);
  }

  #nameOf(object: number): string {
    const all = this.incoming.flatMap(({ files }) => files);
    return all.find((file) => file.object === object)?.name ?? '';
  }

  #retrieveSession(name: string): ErrnoName | null {
    const session = this.incoming.find((other) => other.name === name);
    if (session === undefined) return 'ENOENT';
    if (session.retrieved) return 'EINVAL';
    session.retrieved = true;
    session.held = true;
    return null;
  }

  #retrieve(ref: SessionRef, token: number): ErrnoName | null {
    const session = this.handle(ref);
    if (session === undefined) return null;
    if (ref.direction === 'outgoing') return 'EINVAL';
    const file = session.files.find((other) => other.token === token);
    if (file === undefined) return 'ENOENT';
    if (file.failedWith !== null) return file.failedWith;
    if (file.object !== null) return null;
    const failure = file.handleLost ? 'EINVAL' : this.#fails('retrieve', file.name) ? 'EIO' : null;
    if (failure !== null) {
      if (this.#limits.profile === 'upstream') file.failedWith = failure;
      return failure;
    }
    this.#objects += 1;
    file.object = this.#objects;
    return null;
  }

  #vetoed({ files }: ModelSession): boolean {
    return files.some((file) => file.handleLost || this.#fails('canFinish', file.name));
  }

  #finish(ref: SessionRef): ErrnoName | null {
    const session = this.handle(ref);
    if (session === undefined) return null;
    if (ref.direction === 'outgoing') return 'EINVAL';
    if (this.#vetoed(session)) return 'EBUSY';
    session.files.length = 0;
    return null;
  }

  #close(ref: SessionRef): null {
    const session = this.handle(ref);
    if (session === undefined) return null;
    session.held = false;
    if (ref.direction === 'incoming' && this.#vetoed(session)) return null;
    this.lostCount += session.files.filter(({ handleLost }) => handleLost).length;
    session.files.length = 0;
    this[ref.direction] = this[ref.direction].filter((other) => other !== session);
    return null;
  }

  /** The files before the first one that fails to freeze, in order; null when none fails. */
  #frozenBeforeFailure(): ModelFile[] | null {
    const files = this.outgoing.flatMap((session) => session.files);
    const failed = files.findIndex(({ name }) => this.#fails('freeze', name));
    return failed < 0 ? null : files.slice(0, failed);
  }

  #unfreeze(files: ModelFile[]): void {
    if (this.#limits.profile === 'seed') files.forEach((file) => (file.handleLost = true));
  }

  #reboot(): ErrnoName | null {
    const frozen = this.#frozenBeforeFailure();
    if (frozen !== null) {
      this.#unfreeze(frozen);
      return 'EIO';
    }
    this.lostCount += this.incoming.flatMap(({ files }) => files).length;
    this.incoming = this.outgoing.map(({ name, files }) => {
      const restored = files.map((file) => ({ ...file, object: null }));
      return { name, files: restored, held: false, retrieved: false };
    });
    this.outgoing = [];
    return null;
  }

  #freezeAndUnfreeze(): ErrnoName | null {
    const frozen = this.#frozenBeforeFailure();
    this.#unfreeze(frozen ?? this.outgoing.flatMap((session) => session.files));
    return frozen === null ? null : 'EIO';
  }
}

/** Files the operations choose from. */
export const POOL_SIZE = 12;
/** Pool file that is closed from the start. */
export const CLOSED_FILE = 10;
/** Pool file that no handler takes. */
export const FOREIGN_FILE = 11;

/** Name of a pool file. */
export function fileName(file: number): string {
  return `f${file}`;
}
