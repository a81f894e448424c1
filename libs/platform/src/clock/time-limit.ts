/**
 * Resolves or rejects like `work`, or rejects with what `late` makes once `limitMs` are over. Work that is late goes on,
 * and nobody hears of its end.
 */
export async function within<T>(limitMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when all of this has ended, well or not, or once `limitMs` are over: for a stop, which waits for nobody longer. */
export async function settledWithin(
  limitMs: number,
  work: readonly Promise<unknown>[],
): Promise<void> {
  const late = new Error('late');
  await within(limitMs, Promise.allSettled(work), () => late).catch(() => undefined);
}

/**
 * Ends work that takes too long, or that is interrupted. `AbortSignal.any` over `AbortSignal.timeout` would be shorter, but
 * Node 20 collects such a timeout as garbage while it is waited for, and then it never goes off.
 */
export class TimeLimit {
  passed = false;
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    readonly limitMs: number,
    private readonly interrupt?: AbortSignal,
  ) {
    interrupt?.addEventListener('abort', this.interrupted);
    if (interrupt?.aborted === true) this.interrupted();
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
      const detail = `not done within ${this.limitMs} ms`;
      this.controller.abort(new DOMException(detail, 'TimeoutError'));
    }, this.limitMs);
  }

  /** Does not count until it is restarted. */
  pause(): void {
    clearTimeout(this.timer);
  }

  /** The work has ended. */
  stop(): void {
    this.pause();
    this.interrupt?.removeEventListener('abort', this.interrupted);
  }

  private readonly interrupted = () => this.controller.abort(this.interrupt?.reason);
}

/** Resolves or rejects like `work`, whose signal is aborted once `limitMs` are over or `interrupt` is aborted. */
export async function limited<T>(
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
  interrupt?: AbortSignal,
): Promise<T> {
  const limit = new TimeLimit(limitMs, interrupt);
  try {
    return await work(limit.signal);
  } finally {
    limit.stop();
  }
}
