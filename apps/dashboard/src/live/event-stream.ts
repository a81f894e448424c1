/**
 * DOC: the live event stream
 *
 * Purpose: hand every event that the control plane records to the page, and say whether the page is live.
 *
 * Happy path: open -> `live` -> events in order of their sequence.
 * Unhappy paths: the connection breaks: `reconnecting`; the browser tries again by itself and sends Last-Event-ID, so
 * nothing is missed. The server answers with an error, which makes the browser give up: the stream is opened anew
 * after a growing delay, from the last sequence on. `onLive` tells every time the stream is open again.
 */
import type { EventResponse } from '@luofleet/contracts';

export type Connection = 'connecting' | 'live' | 'reconnecting';

export interface EventStreamListener {
  readonly onConnection: (connection: Connection) => void;
  readonly onEvent: (event: EventResponse) => void;
}

/** First and longest wait before a stream that was refused is opened anew. */
const REOPEN_DELAY_MS = 500;
const REOPEN_DELAY_MS_MAX = 10_000;

/** Opens the stream; the result closes it for good. */
export function openEventStream(listener: EventStreamListener): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastSequence: number | null = null;
  let delayMs = REOPEN_DELAY_MS;

  const open = (): void => {
    const after = lastSequence === null ? '' : `?after=${lastSequence}`;
    source = new EventSource(`/api/v1/events/stream${after}`);
    source.onopen = () => {
      delayMs = REOPEN_DELAY_MS;
      listener.onConnection('live');
    };
    source.onmessage = ({ data }: MessageEvent<string>) => {
      const event = readEvent(data);
      if (event === null || (lastSequence !== null && event.sequence <= lastSequence)) return;
      lastSequence = event.sequence;
      listener.onEvent(event);
    };
    source.onerror = () => {
      listener.onConnection('reconnecting');
      if (source?.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, delayMs);
      delayMs = Math.min(delayMs * 2, REOPEN_DELAY_MS_MAX);
    };
  };

  listener.onConnection('connecting');
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}

/** The event of one message, or null for a message that is none. */
export function readEvent(data: string): EventResponse | null {
  try {
    const event: unknown = JSON.parse(data);
    if (typeof event !== 'object' || event === null) return null;
    return typeof (event as EventResponse).sequence === 'number' ? (event as EventResponse) : null;
  } catch {
    return null;
  }
}
