/**
 * DOC: from events to cached answers
 *
 * Purpose: which cached answers a batch of events touches, and what can be written into them at once. Pure: takes
 * what is cached, gives back what to do.
 *
 * Happy path: an event about a host update names its new state in `data`; it is merged into every cached page that
 * shows this host update, and those pages are read again soon for the rest.
 * Unhappy path: an event of a kind that is not known still marks every answer about its rollout and host.
 */
import {
  readEvent,
  type CurrentUpdateResponse,
  type EventContent,
  type EventResponse,
  type HostResponse,
  type HostUpdateResponse,
  type HostUpdateStateName,
  type Page,
  type PhaseName,
} from '@luofleet/contracts';
import { RECENT_EVENTS_MAX, type EventSubject } from '../api/queries';

export interface CachedAnswer {
  readonly key: readonly unknown[];
  readonly data: unknown;
}

/** New state of a host update as an event told it. */
export interface StateChange {
  readonly state: HostUpdateStateName;
  readonly phase: PhaseName | null;
}

export interface EventDigest {
  readonly events: readonly EventResponse[];
  readonly rolloutIds: ReadonlySet<string>;
  readonly hostIds: ReadonlySet<string>;
  readonly updateIds: ReadonlySet<string>;
  /** Hosts with an event of their own (registered, offline, …): they may be new to a list. */
  readonly hostIdsOfOwn: ReadonlySet<string>;
  /** Rollouts with an event of their own: any of their host updates may have changed. */
  readonly rolloutIdsOfOwn: ReadonlySet<string>;
  readonly releasesChanged: boolean;
  /** Newest change of each host update. */
  readonly changes: ReadonlyMap<string, StateChange>;
}

export function digestEvents(events: readonly EventResponse[]): EventDigest {
  const digest = {
    events,
    rolloutIds: new Set<string>(),
    hostIds: new Set<string>(),
    updateIds: new Set<string>(),
    hostIdsOfOwn: new Set<string>(),
    rolloutIdsOfOwn: new Set<string>(),
    releasesChanged: false,
    changes: new Map<string, StateChange>(),
  };
  for (const event of events) {
    const { rolloutId, hostId, hostUpdateId } = event;
    if (rolloutId !== null) digest.rolloutIds.add(rolloutId);
    if (hostId !== null) digest.hostIds.add(hostId);
    if (hostUpdateId !== null) digest.updateIds.add(hostUpdateId);
    if (hostId !== null && hostUpdateId === null) digest.hostIdsOfOwn.add(hostId);
    if (rolloutId !== null && hostId === null) digest.rolloutIdsOfOwn.add(rolloutId);
    const content = readEvent(event);
    if (content === null) continue;
    if (content.kind === 'release-registered') digest.releasesChanged = true;
    const change = changeOf(content);
    if (hostUpdateId !== null && change !== null) digest.changes.set(hostUpdateId, change);
  }
  return digest;
}

function changeOf({ data }: EventContent): StateChange | null {
  if (!('attempt' in data)) return null;
  return { state: data.state, phase: data.phase === '' ? null : data.phase };
}

/** Whether the answer may say something else after these events. */
export function isTouched({ key, data }: CachedAnswer, digest: EventDigest): boolean {
  const [kind, argument] = key;
  switch (kind) {
    case 'summary':
      return true;
    case 'hosts':
      return listsAny(data, digest.hostIds);
    case 'host':
      return data === undefined ? digest.hostIdsOfOwn.size > 0 : hasIdIn(data, digest.hostIds);
    case 'host-sessions':
      return digest.hostIds.has(String(argument));
    case 'rollouts':
      return listsAny(data, digest.rolloutIds);
    case 'rollout':
      return data === undefined
        ? digest.rolloutIdsOfOwn.size > 0
        : hasIdIn(data, digest.rolloutIds);
    case 'updates':
      return digest.rolloutIdsOfOwn.has(String(argument)) || listsAny(data, digest.updateIds);
    case 'releases':
      return digest.releasesChanged;
    default:
      return false;
  }
}

/**
 * Keys of lists in which something is missing: events speak of a host or rollout that none of their pages shows.
 * Pages are given with all others, so that a list is judged as a whole.
 */
export function listsWithNewcomers<Answer extends CachedAnswer>(
  answers: readonly Answer[],
  digest: EventDigest,
): Answer[] {
  return [
    ...pagesMissing(answers, 'hosts', digest.hostIdsOfOwn),
    ...pagesMissing(answers, 'rollouts', digest.rolloutIds),
  ];
}

function pagesMissing<Answer extends CachedAnswer>(
  answers: readonly Answer[],
  kind: 'hosts' | 'rollouts',
  ids: ReadonlySet<string>,
): Answer[] {
  if (ids.size === 0) return [];
  const lists = new Map<string, Answer[]>();
  for (const answer of answers) {
    if (answer.key[0] !== kind) continue;
    const list = JSON.stringify(answer.key.slice(0, -1));
    lists.set(list, [...(lists.get(list) ?? []), answer]);
  }
  return [...lists.values()].flatMap((pages) => {
    const shown = new Set(pages.flatMap(({ data }) => idsIn(data)));
    return [...ids].every((id) => shown.has(id)) ? [] : pages;
  });
}

/** The answer with what the events say merged in, or the same object when they say nothing about it. */
export function mergeEvents({ key, data }: CachedAnswer, digest: EventDigest): unknown {
  if (data === undefined) return data;
  switch (key[0]) {
    case 'hosts':
      return mergePage(data as Page<HostResponse>, (host) => mergeHost(host, digest));
    case 'host':
      return mergeHost(data as HostResponse, digest);
    case 'updates':
      return mergePage(data as Page<HostUpdateResponse>, (update) =>
        withChange(update, digest.changes.get(update.id)),
      );
    case 'events':
      return mergeRecentEvents(
        data as readonly EventResponse[],
        digest,
        key[1] as EventSubject,
        String(key[2]),
      );
    default:
      return data;
  }
}

function mergeHost(host: HostResponse, { changes }: EventDigest): HostResponse {
  if (host.update === null) return host;
  const update = withChange(host.update, changes.get(host.update.id));
  return update === host.update ? host : { ...host, update };
}

function withChange<Update extends HostUpdateResponse | CurrentUpdateResponse>(
  update: Update,
  change: StateChange | undefined,
): Update {
  if (change === undefined) return update;
  return change.state === update.state && change.phase === update.phase
    ? update
    : { ...update, ...change };
}

function mergePage<Item>(page: Page<Item>, merge: (item: Item) => Item): Page<Item> {
  const items = page.items.map(merge);
  return items.every((item, index) => item === page.items[index]) ? page : { ...page, items };
}

function mergeRecentEvents(
  known: readonly EventResponse[],
  digest: EventDigest,
  subject: EventSubject,
  id: string,
): readonly EventResponse[] {
  const last = known.at(-1)?.sequence ?? 0;
  const news = digest.events.filter(
    (event) =>
      event.sequence > last && (subject === 'host' ? event.hostId : event.rolloutId) === id,
  );
  return news.length === 0 ? known : [...known, ...news].slice(-RECENT_EVENTS_MAX);
}

function idsIn(page: unknown): string[] {
  const items = (page as Page<{ id: string }> | undefined)?.items ?? [];
  return items.map(({ id }) => id);
}

function listsAny(page: unknown, ids: ReadonlySet<string>): boolean {
  return ids.size > 0 && idsIn(page).some((id) => ids.has(id));
}

function hasIdIn(answer: unknown, ids: ReadonlySet<string>): boolean {
  return ids.has((answer as { id: string } | undefined)?.id ?? '');
}
