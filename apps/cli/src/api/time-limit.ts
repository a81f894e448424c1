/**
 * Ends work that takes too long, or that is interrupted. `AbortSignal.any` over `AbortSignal.timeout` would be shorter,
 * but Node 20 may collect such a signal as garbage before it fires.
 */
export class TimeLimit {
  passed = false;
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    readonly limitMs: number,
    private readonly interrupt: AbortSignal,
  ) {
    interrupt.addEventListener('abort', this.interrupted);
    if (interrupt.aborted) this.interrupted();
    this.restart();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Counts from now on. */
  restart(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.passed = true;
      this.controller.abort();
    }, this.limitMs);
  }

  /** Does not count until it is restarted. */
  pause(): void {
    clearTimeout(this.timer);
  }

  /** The work has ended. */
  stop(): void {
    this.pause();
    this.interrupt.removeEventListener('abort', this.interrupted);
  }

  private readonly interrupted = () => this.controller.abort(this.interrupt.reason);
}
