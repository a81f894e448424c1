import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type EventRecord, type EventsEnd, formatEventCursor } from '@luofleet/persistence';
import { cutLate, TAKEN_WITHIN_MS } from '../http-kit/connection-limits';
import { safeJson } from '../http-kit/safe-json';
import { eventView } from './events.view';

/** An event named `heartbeat` this often shows both ends that the other is still there; scripts in pages see no comments. */
const HEARTBEAT_INTERVAL_MS = 5_000;
/** How soon a client that lost its stream opens it again. */
const RECONNECT_AFTER_MS = 1000;

/** One open stream of server-sent events. Frames are written only as fast as the client takes them; one that takes too long is cut off. */
export class EventStreamWriter {
  private readonly heartbeat: NodeJS.Timeout;

  constructor(
    private readonly response: ServerResponse,
    private readonly signal: AbortSignal,
  ) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      connection: 'keep-alive',
      'x-accel-buffering': 'no',
    });
    this.heartbeat = setInterval(() => {
      if (!response.writableNeedDrain) response.write('event: heartbeat\ndata: {}\n\n');
    }, HEARTBEAT_INTERVAL_MS);
  }

  /** Tells the client where the stream starts, so that it resumes there even if no event ever came. */
  async start(after: EventsEnd): Promise<void> {
    await this.write(`retry: ${RECONNECT_AFTER_MS}\nid: ${formatEventCursor(after)}\n\n`);
  }

  async send(events: readonly EventRecord[], life: string): Promise<void> {
    await this.write(
      events
        .map(
          (event) =>
            `id: ${formatEventCursor({ sequence: event.sequence, life })}\ndata: ${safeJson(eventView(event))}\n\n`,
        )
        .join(''),
    );
  }

  end(): void {
    clearInterval(this.heartbeat);
    this.response.end();
    cutLate(this.response);
  }

  private async write(frames: string): Promise<void> {
    if (this.signal.aborted || this.response.write(frames)) return;
    const late = setTimeout(() => this.response.destroy(), TAKEN_WITHIN_MS);
    try {
      await once(this.response, 'drain', { signal: this.signal });
    } finally {
      clearTimeout(late);
    }
  }
}
