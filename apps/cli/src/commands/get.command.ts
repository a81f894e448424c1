import type {
  EventPageResponse,
  EventResponse,
  HostResponse,
  HostUpdateResponse,
  PreservedFileResponse,
  ReleaseResponse,
  RolloutResponse,
  RolloutSummaryResponse,
  SessionResponse,
  SessionWithFilesResponse,
} from '@luofleet/contracts';
import type { Query } from '../api/control-plane.client';
import { CliError, EXIT } from '../cli.error';
import {
  eventColumns,
  fileColumns,
  hostColumns,
  releaseColumns,
  rolloutColumns,
  sessionColumns,
  updateColumns,
} from '../kinds/kind.columns';
import type { Kind } from '../kinds/kinds';
import type { Column } from '../output/columns';
import type { CommandContext } from './command.context';

export interface GetOptions {
  readonly selector?: string;
  readonly host?: string;
  readonly rollout?: string;
  readonly session?: string;
  readonly state?: string;
  readonly after?: number;
  readonly limit?: number;
}

type Getter = (
  context: CommandContext,
  name: string | undefined,
  options: GetOptions,
) => Promise<void>;

/** Which options each kind takes; another one is a mistake worth saying. */
const OPTIONS_OF: Record<Kind, readonly (keyof GetOptions)[]> = {
  hosts: ['selector', 'state', 'limit'],
  releases: ['limit'],
  rollouts: ['limit'],
  updates: ['rollout', 'state', 'limit'],
  sessions: ['host', 'rollout', 'limit'],
  files: ['session', 'host', 'rollout', 'state', 'limit'],
  events: ['host', 'rollout', 'after', 'limit'],
};

const GETTERS: Record<Kind, Getter> = {
  hosts: (context, name, options) =>
    getNamed<HostResponse>(context, {
      path: '/hosts',
      name,
      columns: hostColumns(context.nowMs()),
      query: { selector: options.selector, state: options.state },
      limit: options.limit,
    }),
  releases: (context, name, options) =>
    getNamed<ReleaseResponse>(context, {
      path: '/releases',
      name,
      columns: releaseColumns(context.nowMs()),
      limit: options.limit,
    }),
  rollouts: (context, name, options) =>
    getNamed<RolloutSummaryResponse | RolloutResponse>(context, {
      path: '/rollouts',
      name,
      columns: rolloutColumns(context.nowMs()),
      limit: options.limit,
    }),
  updates: async (context, name, options) => {
    const rollout = name ?? options.rollout;
    if (rollout === undefined)
      throw new CliError(EXIT.usage, 'of which rollout? Use: luofleet get updates ROLLOUT');
    await getNamed<HostUpdateResponse>(context, {
      path: `/rollouts/${encodeURIComponent(rollout)}/updates`,
      columns: updateColumns,
      query: { state: options.state },
      limit: options.limit,
    });
  },
  sessions: (context, name, options) =>
    getNamed<SessionResponse | SessionWithFilesResponse>(context, {
      path: '/sessions',
      name,
      columns: sessionColumns(context.nowMs()),
      query: { host: options.host, rollout: options.rollout },
      limit: options.limit,
    }),
  files: (context, name, options) =>
    getNamed<PreservedFileResponse>(context, {
      path: '/files',
      columns: fileColumns,
      query: {
        session: name ?? options.session,
        host: options.host,
        rollout: options.rollout,
        state: options.state,
      },
      limit: options.limit,
    }),
  events: async (context, name, options) => {
    const query = { rollout: name ?? options.rollout, host: options.host };
    const events = await collectEvents(context, query, options);
    context.printer.list(events, eventColumns);
  },
};

/** One thing by name, or all of a kind. */
export async function get(
  context: CommandContext,
  kind: Kind,
  name: string | undefined,
  options: GetOptions,
): Promise<void> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [option] of given)
    if (!OPTIONS_OF[kind].includes(option as keyof GetOptions))
      throw new CliError(EXIT.usage, `${kind} can not be listed by --${option}`);
  await GETTERS[kind](context, name, options);
}

interface Listing<Item> {
  readonly path: string;
  readonly name?: string | undefined;
  readonly columns: readonly Column<Item>[];
  readonly query?: Query;
  readonly limit?: number | undefined;
}

async function getNamed<Item>(context: CommandContext, listing: Listing<Item>): Promise<void> {
  const { path, name, columns, query = {}, limit } = listing;
  if (name !== undefined) {
    const item = await context.client.request<Item>(`${path}/${encodeURIComponent(name)}`);
    if (context.printer.format === 'table') context.printer.list([item], columns);
    else context.printer.object(item, String);
    return;
  }
  const items: Item[] = [];
  for await (const item of context.client.list<Item>(path, query, limit)) items.push(item);
  context.printer.list(items, columns);
}

const EVENT_PAGE = 500;

/** In order; limited without a start, the newest ones. */
function collectEvents(
  context: CommandContext,
  query: Query,
  { after, limit }: GetOptions,
): Promise<EventResponse[]> {
  return after === undefined && limit !== undefined
    ? newestEvents(context, query, limit)
    : eventsAfter(context, query, after ?? 0, limit ?? Infinity);
}

async function eventsAfter(
  context: CommandContext,
  query: Query,
  start: number,
  most: number,
): Promise<EventResponse[]> {
  const events: EventResponse[] = [];
  let after = start;
  for (;;) {
    const limit = Math.min(EVENT_PAGE, most - events.length);
    const page = await context.client.request<EventPageResponse>('/events', {
      query: { ...query, after, limit },
    });
    events.push(...page.items);
    after = page.nextAfter;
    if (page.items.length < limit || events.length >= most) return events;
  }
}

async function newestEvents(
  context: CommandContext,
  query: Query,
  most: number,
): Promise<EventResponse[]> {
  const events: EventResponse[] = [];
  let before: number | null | undefined;
  while (before !== null && events.length < most) {
    const limit = Math.min(EVENT_PAGE, most - events.length);
    const page = await context.client.request<EventPageResponse>('/events', {
      query: { ...query, order: 'desc', before, limit },
    });
    events.push(...page.items);
    before = page.nextBefore;
  }
  return events.reverse();
}
