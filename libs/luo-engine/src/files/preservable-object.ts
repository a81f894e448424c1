/**
 * DOC: objects that bear their own mark
 *
 * An object is preserved at most once (D3). Who holds an ordinary object stands in a table of its engine, which is a quarter
 * to a third of all that the engine does for a file from half a million on (docs/luo-engine-bench.md). A file of a class that
 * extends `PreservableObject` has a field for it.
 *
 * Identities that a handler tells always stand in the table: it keeps them alive, a mark would not.
 *
 * The field names one holder. An object that another engine of the same process holds, or held when it was dropped with open
 * sessions, stands in the table.
 */

const NOBODY = 0;

/** Holders are numbers, because a reference to a new engine in an old object is work for the garbage collector. */
let lastHolder = NOBODY;

let read: (object: PreservableObject) => number;
let write: (object: PreservableObject, holder: number) => void;
let bears: (identity: object) => identity is PreservableObject;

/**
 * Base class of files that bear the mark of being preserved or retrieved themselves. Worth it where there are very many; files
 * whose class has another base do without.
 */
export abstract class PreservableObject {
  #holder = NOBODY;

  static {
    read = (object) => object.#holder;
    write = (object, holder) => {
      object.#holder = holder;
    };
    bears = (identity): identity is PreservableObject => #holder in identity;
  }
}

/** Identities that one engine holds: in their own mark where they bear one, otherwise in a table. */
export class HeldIdentities {
  readonly #holder = ++lastHolder;
  readonly #table = new Set<unknown>();
  #marked = 0;

  get size(): number {
    return this.#table.size + this.#marked;
  }

  /** False when it is there already. An identity that `isTold` by its handler is kept alive here. */
  add(identity: unknown, isTold: boolean): boolean {
    if (!isMarkable(identity)) return this.#addToTable(identity);
    const holder = read(identity);
    if (holder === this.#holder) return false;
    if (isTold || holder !== NOBODY) return this.#addToTable(identity);
    // It stands in the table since a time when another engine had the mark, or a handler told it.
    if (this.#table.size > 0 && this.#table.has(identity)) return false;
    write(identity, this.#holder);
    this.#marked += 1;
    return true;
  }

  delete(identity: unknown): void {
    if (isMarkable(identity) && read(identity) === this.#holder) {
      write(identity, NOBODY);
      this.#marked -= 1;
    } else {
      this.#table.delete(identity);
    }
  }

  /** One hash of the object instead of the two of a look-up and an insertion. */
  #addToTable(identity: unknown): boolean {
    const before = this.#table.size;
    return this.#table.add(identity).size > before;
  }
}

function isMarkable(identity: unknown): identity is PreservableObject {
  return typeof identity === 'object' && identity !== null && bears(identity);
}
