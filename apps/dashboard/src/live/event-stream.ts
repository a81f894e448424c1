/**
 * DOC: the live event stream
 *
 * Purpose: hand every event that the control plane records to the page, and say whether the page is live.
 *
 * Happy path: open -> `live` -> events in order of their sequence.
 * Unhappy paths: the connection breaks: `reconnecting`; the browser tries again by itself and sends Last-Event-ID, so
 * nothing is missed. Nothing comes for SILENCE_MAX_MS, not even a heartbeat: the server hangs, or the network swallows
 * everything; the same as if the server answers with an error, which makes the browser give up (the place where the
 * stream stood belongs to another database, say): the stream is opened anew after a growing delay, from now on.
 * Whoever listens reads everything again each time the stream is live, so nothing is missed then either.
 */
import type { EventResponse } from '@luofleet/contracts';
import { readJson } from '../api/read-json';

export type Connection = 'connecting' | 'live' | 'reconnecting';

export interface EventStreamListener {
  readonly onConnection: (connection: Connection) => void;
  readonly onEvent: (event: EventResponse) => void;
}

/** First and longest wait before a stream that was refused is opened anew. */
const REOPEN_DELAY_MS = 500;
const REOPEN_DELAY_MS_MAX = 10_000;
/** More than two heartbeats of the server. */
const SILENCE_MAX_MS = 12_000;

/** Opens the stream; the result closes it for good. */
export function openEventStream(listener: EventStreamListener): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let delayMs = REOPEN_DELAY_MS;

  const reopenLater = (): void => {
    clearTimeout(silence);
    source?.close();
    timer = setTimeout(open, delayMs);
    delayMs = Math.min(delayMs * 2, REOPEN_DELAY_MS_MAX);
  };
  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      listener.onConnection('reconnecting');
      reopenLater();
    }, SILENCE_MAX_MS);
  };

  const open = (): void => {
    let lastSequence = -1;
    source = new EventSource('/api/v1/events/stream');
    heard();
    source.onopen = () => {
      heard();
      delayMs = REOPEN_DELAY_MS;
      listener.onConnection('live');
    };
    source.addEventListener('heartbeat', heard);
    source.onmessage = ({ data }: MessageEvent<string>) => {
      heard();
      const event = readEvent(data);
      if (event === null || event.sequence <= lastSequence) return;
      lastSequence = event.sequence;
      listener.onEvent(event);
    };
    source.onerror = () => {
      listener.onConnection('reconnecting');
      if (source?.readyState === EventSource.CLOSED) reopenLater();
    };
  };

  listener.onConnection('connecting');
  open();
  return () => {
    clearTimeout(timer);
    clearTimeout(silence);
    source?.close();
  };
}

/** The event of one message, or null for a message that is none. */
export function readEvent(data: string): EventResponse | null {
  const event = readJson(data);
  if (typeof event !== 'object' || event === null) return null;
  return typeof (event as EventResponse).sequence === 'number' ? (event as EventResponse) : null;
}
