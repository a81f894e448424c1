import type { FileReferences } from '../handlers/file-handler';

/** References that are counted; files can be closed under the engine. */
export class CountedReferences<TFile> implements FileReferences<TFile> {
  readonly #counts = new Map<TFile, number>();
  readonly #closed = new Set<TFile>();

  get(file: TFile): boolean {
    if (file === null || file === undefined || this.#closed.has(file)) return false;
    this.#counts.set(file, this.countOf(file) + 1);
    return true;
  }

  put(file: TFile): void {
    const count = this.countOf(file);
    if (count === 0) throw new Error('a reference was dropped that nobody held');
    if (count === 1) this.#counts.delete(file);
    else this.#counts.set(file, count - 1);
  }

  /** Makes a file invalid: the next `get` answers false. */
  close(file: TFile): void {
    this.#closed.add(file);
  }

  /** References the engine holds of a file. */
  countOf(file: TFile): number {
    return this.#counts.get(file) ?? 0;
  }

  /** References the engine holds of all files. */
  get total(): number {
    let sum = 0;
    for (const count of this.#counts.values()) sum += count;
    return sum;
  }
}
