import type { EventResponse } from '@luofleet/contracts';
import type { ControlPlaneClient, Query } from './control-plane.client';

/** Reads a server-sent event stream: one item for each event; comments (heartbeats) are passed over. */
export async function* readEventStream(
  client: ControlPlaneClient,
  query: Query,
  signal: AbortSignal,
): AsyncGenerator<EventResponse> {
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
      const data = dataOf(frame);
      if (data !== '') yield JSON.parse(data) as EventResponse;
    }
  }
}

function dataOf(frame: string): string {
  return frame
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).replace(/^ /, ''))
    .join('\n');
}
