/**
 * DOC: reading a stream of events
 *
 * Happy path: frames as they come; the control plane sends one every 5 s even when nothing happens.
 * Unhappy paths: no whole frame for so long that several heartbeats are missing -> the stream counts as broken, also
 * while bytes drip; a frame without end, or one that is no event -> what answers is not a control plane. All of these
 * are exit code 3; whoever follows may open it again.
 */
import { type EventResponse, eventSchema } from '@luofleet/contracts';
import { TimeLimit } from '@luofleet/platform/clock';
import { CliError, EXIT } from '../cli.error';
import { shaped } from './answer.shape';
import type { ControlPlaneClient, Query } from './control-plane.client';

/** One frame: where the stream stands after it, and the event in it, if any. */
export interface StreamFrame {
  /** Cursor to resume after; undefined when the frame does not say. */
  readonly after: string | undefined;
  readonly event: EventResponse | undefined;
}

/** Silence after which a stream is given up: four heartbeats. */
export const STREAM_SILENCE_MS = 20_000;
/** The longest frame that is waited for; one event is far shorter. */
const FRAME_CHARACTERS_MAX = 1024 * 1024;

/** Reads a server-sent event stream, frame by frame; heartbeats are frames without an event. */
export async function* readEventStream(
  client: ControlPlaneClient,
  query: Query,
  silenceMs: number,
  signal: AbortSignal,
): AsyncGenerator<StreamFrame> {
  const limit = new TimeLimit(silenceMs, signal);
  try {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of await client.stream('/events/stream', query, limit)) {
      text += decoder.decode(chunk, { stream: true });
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      if (text.length > FRAME_CHARACTERS_MAX) throw notAnEvent();
      if (frames.length === 0) continue;
      limit.pause();
      yield* frames.map(readFrame);
      limit.restart();
    }
  } catch (cause) {
    client.unreachable(cause, limit);
  } finally {
    limit.stop();
  }
}

function readFrame(frame: string): StreamFrame {
  const id = fieldOf(frame, 'id');
  const data = fieldOf(frame, 'data');
  return {
    after: id === '' ? undefined : id,
    event: data === '' || fieldOf(frame, 'event') !== '' ? undefined : readEvent(data),
  };
}

function readEvent(data: string): EventResponse {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch (cause) {
    throw notAnEvent(cause);
  }
  const checked = shaped(eventSchema, event);
  if (checked.kind === 'fault') throw notAnEvent();
  return checked.answer;
}

function notAnEvent(cause?: unknown): CliError {
  return new CliError(
    EXIT.unreachable,
    'what the event stream sends is no event; is it a control plane of the same version?',
    [],
    { cause },
  );
}

function fieldOf(frame: string, name: 'id' | 'data' | 'event'): string {
  return frame
    .split('\n')
    .filter((line) => line.startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
    .join('\n');
}
