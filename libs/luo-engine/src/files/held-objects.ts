/**
 * DOC: held objects
 *
 * An object is preserved at most once over all sessions, and one that was retrieved can be preserved again only after its
 * session is finished (D3). These are the identities of all such objects.
 *
 * Only preserve asks, so retrieved objects are noted when the first preserve does: an agent that retrieves and finishes
 * everything before it preserves again, as they do, never pays for it. They are noted at once while anything is held,
 * and where a handler tells the identity: it is asked while the caller surely has the file.
 *
 * Unhappy path: retrieve returned an object that is held already. That is the handler's fault; it is warned of when it
 * is noticed, and the object stays with whoever held it first.
 */
import type { FileHandler } from '../handlers/file-handler';
import type { LuoOperation, LuoSubject } from '../errors/luo-error';
import type { FileColumns } from './file-columns';
import { HeldIdentities } from './preservable-object';

/** The object behind a file: the file itself unless its handler knows better. */
export function identityOf<TFile>(handler: FileHandler<TFile>, file: TFile): unknown {
  return handler.getId === undefined ? file : handler.getId(file);
}

/** What of a file set matters here. */
interface HoldingSet<TFile> {
  readonly files: FileColumns<TFile>;
  warn(operation: LuoOperation, subject: LuoSubject, detail: string): void;
}

export class HeldObjects<TFile> {
  readonly #identities = new HeldIdentities();
  /** Sets with retrieved files that are not noted yet. */
  readonly #unnoted = new Set<HoldingSet<TFile>>();

  /** Holds an object to be preserved, which is the file itself or `isTold` by its handler; false when it is held already. */
  hold(identity: unknown, isTold: boolean): boolean {
    if (this.#unnoted.size > 0) this.#noteAll();
    return this.#identities.add(identity, isTold);
  }

  /** Undoes {@link hold}. */
  letGo(identity: unknown): void {
    this.#identities.delete(identity);
  }

  /** A file of the set was retrieved. */
  retrieved(set: HoldingSet<TFile>, row: number): void {
    const isTold = set.files.entryAt(row).handler.getId !== undefined;
    if (isTold || this.#identities.size > 0) this.#note(set, row);
    else this.#unnoted.add(set);
  }

  /** A file leaves its set, by finish or unpreserve. */
  left(set: HoldingSet<TFile>, row: number): void {
    const { files } = set;
    if (files.identityHeldAt(row)) {
      this.letGo(identityOf(files.entryAt(row).handler, files.fileAt(row) as TFile));
    }
    if (row === 0 && this.#unnoted.size > 0) this.#unnoted.delete(set);
  }

  #noteAll(): void {
    for (const set of this.#unnoted) {
      for (let row = 0; row < set.files.length; row++) {
        if (set.files.retrieveStatusAt(row) > 0 && !set.files.identityHeldAt(row)) {
          this.#note(set, row);
        }
      }
    }
    this.#unnoted.clear();
  }

  #note(set: HoldingSet<TFile>, row: number): void {
    const { files } = set;
    const { handler } = files.entryAt(row);
    const identity = identityOf(handler, files.fileAt(row) as TFile);
    if (this.#identities.add(identity, handler.getId !== undefined)) {
      files.setIdentityHeld(row);
      return;
    }
    const detail = 'retrieve returned an object that is preserved or retrieved already';
    set.warn('retrieve', files.at(row).subject, detail);
  }
}
