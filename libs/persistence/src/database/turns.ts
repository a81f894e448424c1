/**
 * Lets so many pieces of work run at once; the others wait in the order in which they came, urgent ones first. None waits
 * for longer than the limit: where turns do not end any more, callers must learn of it.
 */
export class Turns {
  private readonly waiting = new Set<() => void>();
  private readonly urgent = new Set<() => void>();

  constructor(
    private free: number,
    private readonly waitLimitMs: number,
  ) {}

  /** @throws what `work` throws, or `tooLate()` when the turn did not come in time */
  async take<T>(work: () => Promise<T>, tooLate: () => Error, { urgent = false } = {}): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await this.turn(urgent ? this.urgent : this.waiting, tooLate);
    try {
      return await work();
    } finally {
      const next = firstOf(this.urgent) ?? firstOf(this.waiting);
      if (next) next();
      else this.free += 1;
    }
  }

  private turn(queue: Set<() => void>, tooLate: () => Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        clearTimeout(timer);
        queue.delete(begin);
        resolve();
      };
      const timer = setTimeout(() => {
        queue.delete(begin);
        reject(tooLate());
      }, this.waitLimitMs);
      queue.add(begin);
    });
  }
}

/** Sets keep the order of insertion. */
function firstOf<T>(queue: ReadonlySet<T>): T | undefined {
  for (const first of queue) return first;
  return undefined;
}
