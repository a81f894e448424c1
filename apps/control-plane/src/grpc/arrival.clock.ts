/**
 * DOC: when a message came
 *
 * Purpose: what lay in a buffer must not pass for new because it is read now. This process may have been stopped or stalled,
 * or busy with the message before; the host may be gone by then. Says since when, at the earliest, a message can have lain
 * there: that is when it counts as heard.
 *
 * Happy path: the process turns; a message came since the look before the last one, a moment ago.
 *
 * Unhappy paths:
 * 1. The process did not run for a while: what it reads first came since it looked before that.
 *    What was asked of it for longer ago than ASKED_WITHIN_MS is refused: whoever asked has given up, or asked another.
 * 2. Messages wait behind one that takes long: they count as heard when that one was, until the stream is waited for again.
 *
 * Ordering: between two looks all sockets are polled once at least. So a stream on which nothing had come by the last look
 * was empty in a poll after the look before it.
 */
import { setImmediate } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { LuofleetError, Rounds } from '@luofleet/platform';

const LOOK_MS = 100;
const ASKED_WITHIN_MS = 10_000;

@Injectable()
export class ArrivalClock implements OnModuleInit, OnApplicationShutdown {
  private lookedAtMs = performance.now();
  /** The look before the last one. */
  private beforeMs = this.lookedAtMs;
  private readonly looks = new Rounds(LOOK_MS, async () => {
    this.beforeMs = this.lookedAtMs;
    this.lookedAtMs = performance.now();
    // After timers come the sockets, and then this.
    await setImmediate();
  });

  onModuleInit(): void {
    this.looks.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.looks.stop();
  }

  /**
   * What is asked is new enough to be done.
   * @throws LuofleetError UNAVAILABLE
   */
  assertInTime(operation: string, cameAtMs = this.beforeMs): void {
    if (performance.now() - cameAtMs < ASKED_WITHIN_MS) return;
    throw new LuofleetError({
      code: 'UNAVAILABLE',
      operation,
      subject: 'request',
      detail:
        'This replica stood still for a while and did nothing of what was asked of it. Ask again.',
    });
  }

  /** Of a stream that is read from now on. */
  follow(): Arrivals {
    let waitsSinceMs = performance.now();
    let cameAtMs = this.beforeMs;
    return {
      next: () => {
        if (waitsSinceMs <= this.lookedAtMs) cameAtMs = this.beforeMs;
        return cameAtMs;
      },
      wait: () => (waitsSinceMs = performance.now()),
    };
  }
}

/** One stream. Times are on the monotonic clock (performance.now). */
export interface Arrivals {
  /** The next message is read: when it came, at the earliest. */
  next(): number;
  /** What was read is done; the next message is waited for. */
  wait(): void;
}
