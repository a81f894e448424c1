/** Exponential backoff with jitter: a fleet that lost its control plane does not come back all at once. */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly firstMs: number,
    private readonly maxMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** How long to wait before the next try: between half and all of min(maxMs, firstMs * 2^failures). */
  nextMs(): number {
    const ceilingMs = Math.min(this.maxMs, this.firstMs * 2 ** this.failures);
    // Counting on would overflow to Infinity * 0 after a thousand tries; the ceiling is long reached by then.
    this.failures = Math.min(this.failures + 1, 30);
    return ceilingMs / 2 + (this.random() * ceilingMs) / 2;
  }

  reset(): void {
    this.failures = 0;
  }
}
