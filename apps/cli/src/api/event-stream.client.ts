import type { EventResponse } from '@luofleet/contracts';
import type { ControlPlaneClient, Query } from './control-plane.client';

/** One frame: where the stream stands after it, and the event in it, if any. */
export interface StreamFrame {
  /** Cursor to resume after; undefined when the frame does not say. */
  readonly after: string | undefined;
  readonly event: EventResponse | undefined;
}

/** Reads a server-sent event stream, frame by frame; heartbeats are frames without an event. */
export async function* readEventStream(
  client: ControlPlaneClient,
  query: Query,
  signal: AbortSignal,
): AsyncGenerator<StreamFrame> {
  const response = await client.open('/events/stream', {
    query,
    signal,
    headers: { accept: 'text/event-stream' },
  });
  if (!response.body) return;
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    for (const frame of frames) {
      const id = fieldOf(frame, 'id');
      const data = fieldOf(frame, 'data');
      yield {
        after: id === '' ? undefined : id,
        event:
          data === '' || fieldOf(frame, 'event') !== ''
            ? undefined
            : (JSON.parse(data) as EventResponse),
      };
    }
  }
}

function fieldOf(frame: string, name: 'id' | 'data' | 'event'): string {
  return frame
    .split('\n')
    .filter((line) => line.startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
    .join('\n');
}
