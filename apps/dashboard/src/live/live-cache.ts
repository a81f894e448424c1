import type { Query, QueryClient } from '@tanstack/react-query';
import type { EventResponse } from '@luofleet/contracts';
import { Batch, scheduleOnFrame } from './event-batch';
import { digestEvents, isTouched, listsWithNewcomers, mergeEvents } from './event-effects';
import { openEventStream, type Connection } from './event-stream';
import { RefreshScheduler } from './refresh.scheduler';

/** Keeps the cached answers of `client` true while the stream is open. The result ends it. */
export function keepLive(
  client: QueryClient,
  onConnection: (connection: Connection) => void,
): () => void {
  const cache = client.getQueryCache();
  const scheduler = new RefreshScheduler({
    nowMs: () => performance.now(),
    setTimer: (run, delayMs) => void setTimeout(run, delayMs),
    read: (hash) => readAgain(client, hash),
  });
  const batch = new Batch<EventResponse>(scheduleOnFrame, (events) =>
    applyEvents(client, events, (hash) => scheduler.mark(hash)),
  );
  return openEventStream({
    onConnection: (connection) => {
      onConnection(connection);
      // What changed before the stream was open was told to nobody.
      if (connection === 'live')
        for (const query of cache.getAll()) scheduler.mark(query.queryHash);
    },
    onEvent: (event) => batch.add(event),
  });
}

function applyEvents(
  client: QueryClient,
  events: readonly EventResponse[],
  mark: (hash: string) => void,
): void {
  const digest = digestEvents(events);
  const answers = client.getQueryCache().getAll().map(asAnswer);
  for (const answer of answers) {
    const merged = mergeEvents(answer, digest);
    if (merged !== answer.data) client.setQueryData(answer.key, merged);
    if (isTouched(answer, digest)) mark(answer.hash);
  }
  for (const answer of listsWithNewcomers(answers, digest)) mark(answer.hash);
}

function asAnswer(query: Query) {
  return { key: query.queryKey, data: query.state.data as unknown, hash: query.queryHash };
}

/** An answer that no page shows is only noted as stale; it is read when a page asks for it. */
async function readAgain(client: QueryClient, hash: string): Promise<void> {
  const query = client.getQueryCache().get(hash);
  if (!query) return;
  if (!query.isActive()) {
    query.invalidate();
    return;
  }
  const exactly = { queryKey: query.queryKey, exact: true };
  // A read that was under way when the event came may have missed it, so it does not count.
  if (query.state.fetchStatus === 'fetching')
    await client.refetchQueries(exactly, { cancelRefetch: false });
  await client.refetchQueries(exactly, { cancelRefetch: false });
}
