/** The same work again and again: each round starts some time after the one before has ended. */
export class Rounds {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();
  private stopped = false;

  /** `work` is told to nobody when it rejects; it says itself what went wrong. */
  constructor(
    private readonly pauseMs: number,
    private readonly work: () => Promise<void>,
  ) {}

  start(firstAfterMs = this.pauseMs): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      const next = () => this.start();
      this.round = this.work().then(next, next);
    }, firstAfterMs);
  }

  /** Resolves when the round under way has ended; no other follows it. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.round;
  }
}
