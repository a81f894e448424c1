import { Injectable, type OnModuleDestroy } from '@nestjs/common';

const LOOK_EVERY_MS = 250;
/** A stall is told of for so long. */
const REMEMBERED_MS = 10_000;

/** Knows how long this process's event loop stood still lately: nothing is answered meanwhile. */
@Injectable()
export class EventLoopWatch implements OnModuleDestroy {
  private lookedAt = performance.now();
  private stalls: { readonly endedAt: number; readonly ms: number }[] = [];
  private readonly timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** The longest stall of the last REMEMBERED_MS, the one that may have just ended included. */
  longestStallMs(): number {
    this.look();
    return Math.max(0, ...this.stalls.map(({ ms }) => ms));
  }

  private look(): void {
    const now = performance.now();
    const late = now - this.lookedAt - LOOK_EVERY_MS;
    this.lookedAt = now;
    this.stalls = this.stalls.filter(({ endedAt }) => now - endedAt < REMEMBERED_MS);
    if (late > LOOK_EVERY_MS) this.stalls.push({ endedAt: now, ms: late });
  }
}
