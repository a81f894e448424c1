/** Collects what arrives and hands it over together, at most once per turn of `schedule` (an animation frame). */
export class Batch<Item> {
  private items: Item[] = [];

  constructor(
    private readonly schedule: (flush: () => void) => void,
    private readonly handle: (items: readonly Item[]) => void,
  ) {}

  add(item: Item): void {
    this.items.push(item);
    if (this.items.length === 1) this.schedule(() => this.flush());
  }

  private flush(): void {
    const { items } = this;
    this.items = [];
    this.handle(items);
  }
}

/** Frames stop while a tab is hidden, also those that were asked for before; so that no batch grows without end, a timer stands in. */
const HIDDEN_TAB_FLUSH_MS = 1000;

export function scheduleOnFrame(flush: () => void): void {
  const timer = setTimeout(() => {
    cancelAnimationFrame(frame);
    flush();
  }, HIDDEN_TAB_FLUSH_MS);
  const frame = requestAnimationFrame(() => {
    clearTimeout(timer);
    flush();
  });
}
