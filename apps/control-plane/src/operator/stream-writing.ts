import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';

/** Writes one message and waits until the client has room for the next. */
export async function writeToStream<Message>(
  call: ServerWritableStream<unknown, Message>,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted || call.write(message)) return;
  await once(call, 'drain', { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
