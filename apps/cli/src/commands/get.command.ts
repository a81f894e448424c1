import {
  eventPageSchema,
  type EventResponse,
  filePageSchema,
  hostPageSchema,
  hostSchema,
  hostUpdatePageSchema,
  type Page,
  releasePageSchema,
  releaseSchema,
  rolloutPageSchema,
  rolloutSchema,
  sessionPageSchema,
  sessionWithFilesSchema,
} from '@luofleet/contracts';
import type { z } from 'zod';
import { pathPart } from '../api/path-part';
import { PAGE_LIMIT, PAGES_MAX, type Query } from '../api/control-plane.client';
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
import { attentionRank } from '../output/words';
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

/** What a name means where it is not the name of one thing of the kind: the same as this option. */
const NAME_IS: Partial<Record<Kind, keyof GetOptions>> = {
  updates: 'rollout',
  files: 'session',
  events: 'rollout',
};

const GETTERS: Record<Kind, Getter> = {
  hosts: (context, name, options) =>
    getNamed(context, {
      page: hostPageSchema,
      one: hostSchema,
      path: '/hosts',
      name,
      columns: hostColumns(context.nowMs()),
      query: { selector: options.selector, state: options.state },
      limit: options.limit,
    }),
  releases: (context, name, options) =>
    getNamed(context, {
      page: releasePageSchema,
      one: releaseSchema,
      path: '/releases',
      name,
      columns: releaseColumns(context.nowMs()),
      limit: options.limit,
    }),
  rollouts: (context, name, options) =>
    getNamed(context, {
      page: rolloutPageSchema,
      one: rolloutSchema,
      path: '/rollouts',
      name,
      columns: rolloutColumns(context.nowMs()),
      limit: options.limit,
    }),
  updates: async (context, name, options) => {
    const rollout = name ?? options.rollout;
    if (rollout === undefined)
      throw new CliError(EXIT.usage, 'of which rollout? Use: luofleet get updates ROLLOUT');
    const path = `/rollouts/${pathPart(rollout)}/updates`;
    const { client, printer } = context;
    const updates = await collect(
      client.list(path, hostUpdatePageSchema, { state: options.state }),
    );
    updates.sort(
      (a, b) => attentionRank(a.state, a.reason?.code) - attentionRank(b.state, b.reason?.code),
    );
    printer.list(updates.slice(0, options.limit), updateColumns);
  },
  sessions: (context, name, options) =>
    getNamed(context, {
      page: sessionPageSchema,
      one: sessionWithFilesSchema,
      path: '/sessions',
      name,
      columns: sessionColumns(context.nowMs()),
      query: { host: options.host, rollout: options.rollout },
      limit: options.limit,
    }),
  files: (context, name, options) =>
    getNamed(context, {
      page: filePageSchema,
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
  const named = NAME_IS[kind];
  for (const option of Object.keys(options) as (keyof GetOptions)[]) {
    if (!OPTIONS_OF[kind].includes(option))
      throw new CliError(EXIT.usage, `${kind} can not be listed by --${option}`);
    if (name !== undefined && named === option)
      throw new CliError(EXIT.usage, `the ${option} is given twice: "${name}" and --${option}`);
    if (name !== undefined && named === undefined)
      throw new CliError(EXIT.usage, `--${option} is for lists; "${name}" is one of the ${kind}`);
  }
  await GETTERS[kind](context, name, options);
}

interface Listing<Item> {
  readonly path: string;
  readonly page: z.ZodType<Page<Item>>;
  readonly one?: z.ZodType<Item>;
  readonly name?: string | undefined;
  readonly columns: readonly Column<Item>[];
  readonly query?: Query;
  readonly limit?: number | undefined;
}

async function getNamed<Item>(context: CommandContext, listing: Listing<Item>): Promise<void> {
  const { client, printer } = context;
  const { path, page, one, name, columns, query = {}, limit } = listing;
  if (name !== undefined && one !== undefined) {
    const item = await client.request(`${path}/${pathPart(name)}`, one);
    if (printer.format === 'table') printer.list([item], columns);
    else printer.object(item, () => []);
    return;
  }
  printer.list(await collect(client.list(path, page, query, limit)), columns);
}

async function collect<Item>(list: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of list) items.push(item);
  return items;
}

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
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const limit = Math.min(PAGE_LIMIT, most - events.length);
    const page = await context.client.request('/events', eventPageSchema, {
      query: { ...query, after, limit },
    });
    events.push(...page.items);
    if (page.items.length < limit || events.length >= most) return events;
    if (page.nextAfter <= after) break;
    after = page.nextAfter;
  }
  return context.client.endless('/events');
}

async function newestEvents(
  context: CommandContext,
  query: Query,
  most: number,
): Promise<EventResponse[]> {
  const events: EventResponse[] = [];
  let before: number | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const limit = Math.min(PAGE_LIMIT, most - events.length);
    const page = await context.client.request('/events', eventPageSchema, {
      query: { ...query, order: 'desc', before, limit },
    });
    events.push(...page.items);
    if (page.nextBefore === null || events.length >= most) return events.reverse();
    if (before !== undefined && page.nextBefore >= before) break;
    before = page.nextBefore;
  }
  return context.client.endless('/events');
}
