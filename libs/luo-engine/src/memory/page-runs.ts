import type { Allocation } from './region-format';

/**
 * Which pages are taken: first fit over the free runs below a high-water mark, neighbours merged on release.
 * Page 0 is never given out.
 */
export class PageRuns {
  readonly #free: { start: number; pages: number }[] = [];
  #end = 1;

  /** First page never given out so far, or given back since. */
  get end(): number {
    return this.#end;
  }

  /** Takes `pages` pages; null when they would reach beyond `endMax`. */
  take(pages: number, endMax: number): number | null {
    const index = this.#free.findIndex((run) => run.pages >= pages);
    const run = this.#free[index];
    if (run !== undefined) {
      const { start } = run;
      run.start += pages;
      run.pages -= pages;
      if (run.pages === 0) this.#free.splice(index, 1);
      return start;
    }
    if (this.#end + pages > endMax) return null;
    const start = this.#end;
    this.#end += pages;
    return start;
  }

  /** Gives a run back that {@link take} gave out. */
  release({ firstPage, pages }: Allocation): void {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#free[middle]?.start ?? 0) < firstPage) low = middle + 1;
      else high = middle;
    }
    const before = this.#free[low - 1];
    const after = this.#free[low];
    let merged = { start: firstPage, pages };
    if (before !== undefined && before.start + before.pages === firstPage) {
      before.pages += pages;
      merged = before;
    } else {
      this.#free.splice(low, 0, merged);
      low += 1;
    }
    if (after !== undefined && merged.start + merged.pages === after.start) {
      merged.pages += after.pages;
      this.#free.splice(low, 1);
    }
    if (merged.start + merged.pages === this.#end) {
      this.#end = merged.start;
      this.#free.pop();
    }
  }
}
