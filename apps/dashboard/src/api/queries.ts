/**
 * DOC: what pages ask for
 *
 * Purpose: one place that names every cached answer (its key) and how it is fetched. `live/` finds cached answers by
 * these keys when an event says that they have changed.
 *
 * Lists are cached page by page, so that one changed host costs one page and not the fleet.
 */
import { queryOptions } from '@tanstack/react-query';
import type {
  EventPageResponse,
  EventResponse,
  HostResponse,
  HostUpdateResponse,
  Page,
  ReleaseResponse,
  RolloutResponse,
  RolloutSummaryResponse,
  SessionWithFilesResponse,
  SummaryResponse,
} from '@luofleet/contracts';
import { getJson, pathWithQuery } from './api.client';

/** Largest page that the control plane gives; the fewest requests for a whole fleet. */
const PAGE_LIMIT = 500;

/** Newest events kept on a page; older ones are a matter for `luofleet get events`. */
export const RECENT_EVENTS_MAX = 200;

/** How often hosts are read again for `lastSeenAt`, which changes without an event. */
const LAST_SEEN_REFRESH_MS = 30_000;

/** How often a rollout under way is read again, for the parts of its report that change without an event. */
const REPORT_REFRESH_MS = 5_000;

/** A list read page by page; `key` and the cursor make up the key of a cached page. */
export interface PagedList<Item> {
  readonly key: readonly string[];
  readonly fetchPage: (cursor: string | null, signal: AbortSignal) => Promise<Page<Item>>;
  readonly refreshMs?: number;
}

function pagedList<Item>(
  key: readonly string[],
  path: string,
  parameters: Record<string, string> = {},
  refreshMs?: number,
): PagedList<Item> {
  return {
    key,
    refreshMs,
    fetchPage: (cursor, signal) =>
      getJson<Page<Item>>(
        pathWithQuery(path, { ...parameters, limit: PAGE_LIMIT, cursor }),
        signal,
      ),
  };
}

const at = (name: string): string => encodeURIComponent(name);

export const hostList = (selector: string): PagedList<HostResponse> =>
  pagedList(['hosts', selector], '/hosts', { selector }, LAST_SEEN_REFRESH_MS);

export const rolloutList = (): PagedList<RolloutSummaryResponse> =>
  pagedList(['rollouts'], '/rollouts');

export const releaseList = (): PagedList<ReleaseResponse> => pagedList(['releases'], '/releases');

export const updateList = (rolloutId: string): PagedList<HostUpdateResponse> =>
  pagedList(['updates', rolloutId], `/rollouts/${at(rolloutId)}/updates`);

export const summaryQuery = queryOptions({
  queryKey: ['summary'],
  queryFn: ({ signal }) => getJson<SummaryResponse>('/summary', signal),
});

export const hostQuery = (idOrName: string) =>
  queryOptions({
    queryKey: ['host', idOrName],
    queryFn: ({ signal }) => getJson<HostResponse>(`/hosts/${at(idOrName)}`, signal),
    refetchInterval: LAST_SEEN_REFRESH_MS,
  });

export const hostSessionsQuery = (hostId: string) =>
  queryOptions({
    queryKey: ['host-sessions', hostId],
    queryFn: ({ signal }) =>
      getJson<Page<SessionWithFilesResponse>>(`/hosts/${at(hostId)}/sessions`, signal),
  });

export const rolloutQuery = (idOrName: string) =>
  queryOptions({
    queryKey: ['rollout', idOrName],
    queryFn: ({ signal }) => getJson<RolloutResponse>(`/rollouts/${at(idOrName)}`, signal),
    refetchInterval: ({ state }) =>
      state.data === undefined || state.data.finishedAt === null ? REPORT_REFRESH_MS : false,
  });

export type EventSubject = 'host' | 'rollout';

/** The newest events about one thing, oldest first. */
export const recentEventsQuery = (subject: EventSubject, id: string) =>
  queryOptions({
    queryKey: ['events', subject, id],
    queryFn: ({ signal }) => readNewestEvents(subject, id, signal),
  });

async function readNewestEvents(
  subject: EventSubject,
  id: string,
  signal: AbortSignal,
): Promise<EventResponse[]> {
  const { items } = await getJson<EventPageResponse>(
    pathWithQuery('/events', { [subject]: id, order: 'desc', limit: RECENT_EVENTS_MAX }),
    signal,
  );
  return items.reverse();
}
