/** Lets so many pieces of work run at once; the others wait in the order in which they came, urgent ones first. */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private readonly urgent: (() => void)[] = [];

  constructor(private free: number) {}

  async take<T>(work: () => Promise<T>, { urgent = false } = {}): Promise<T> {
    const queue = urgent ? this.urgent : this.waiting;
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.urgent.shift() ?? this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
