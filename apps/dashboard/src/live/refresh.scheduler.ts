/**
 * DOC: reading changed answers again, without a storm
 *
 * Purpose: thousands of events a second must not become thousands of requests. Events mark answers as stale; this
 * decides when each is read again.
 *
 * Ordering: one answer is never read twice at the same time; marked again while it is being read, it is read once
 * more afterwards. Between two reads of one answer lies a pause that grows with how long a read takes, so an answer
 * that is expensive to give (a large fleet) is asked for less often by itself. All answers share `CONCURRENT_MAX`
 * connections, since browsers open few of them to one server; whichever was read longest ago comes first.
 */

/** Pause between two reads of one answer: short enough that a page follows well within a second. */
const PAUSE_MS = 250;
/** Share of time spent reading one answer stays under 1 in (1 + this). */
const PAUSE_PER_READ = 3;
const CONCURRENT_MAX = 3;

export interface RefreshEnvironment {
  readonly nowMs: () => number;
  readonly setTimer: (run: () => void, delayMs: number) => void;
  /** Reads one answer again; settles when it is there or has failed. Failures are shown by whoever shows the answer. */
  readonly read: (key: string) => Promise<void>;
}

interface Entry {
  stale: boolean;
  reading: boolean;
  readableAtMs: number;
}

export class RefreshScheduler {
  /** In the order of their last reads. */
  private readonly entries = new Map<string, Entry>();
  private readingTotal = 0;

  constructor(private readonly environment: RefreshEnvironment) {}

  mark(key: string): void {
    const entry = this.entries.get(key) ?? { stale: false, reading: false, readableAtMs: 0 };
    entry.stale = true;
    this.entries.set(key, entry);
    this.pump();
  }

  private pump(): void {
    const nowMs = this.environment.nowMs();
    for (const [key, entry] of this.entries) {
      if (this.readingTotal >= CONCURRENT_MAX) return;
      if (entry.stale && !entry.reading && entry.readableAtMs <= nowMs)
        void this.read(key, entry, nowMs);
    }
  }

  private async read(key: string, entry: Entry, startedAtMs: number): Promise<void> {
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.stale = false;
    entry.reading = true;
    this.readingTotal += 1;
    try {
      await this.environment.read(key);
    } finally {
      entry.reading = false;
      this.readingTotal -= 1;
      const nowMs = this.environment.nowMs();
      const pauseMs = Math.max(PAUSE_MS, (nowMs - startedAtMs) * PAUSE_PER_READ);
      entry.readableAtMs = nowMs + pauseMs;
      this.environment.setTimer(() => this.afterPause(key, entry), pauseMs);
      this.pump();
    }
  }

  private afterPause(key: string, entry: Entry): void {
    if (!entry.stale && !entry.reading && entry.readableAtMs <= this.environment.nowMs())
      this.entries.delete(key);
    this.pump();
  }
}
