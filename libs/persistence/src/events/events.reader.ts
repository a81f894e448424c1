import type { Prisma } from '../generated/prisma/client';
import type { Database } from '../database/database';
import { resolveId } from '../database/reference';
import type { EventRecord } from '../records';
import type { EventsEnd } from './event.cursor';

/** Which events; ids, not names, so that a watcher resolves them once. */
export interface EventFilter {
  readonly rolloutId?: string | undefined;
  readonly hostId?: string | undefined;
}

/** A stretch of the record, and which end of it is read first. */
export interface EventRange {
  readonly after: bigint;
  readonly before?: bigint | undefined;
  readonly order: 'asc' | 'desc';
}

/** Reads events in the order in which they were committed. */
export class EventsReader {
  constructor(private readonly database: Database) {}

  /** Events with a sequence greater than `after`, at most `limit`, in order. */
  async after(after: bigint, filter: EventFilter, limit: number): Promise<EventRecord[]> {
    return this.read({ gt: after }, 'asc', filter, limit);
  }

  /** Events between two sequences, neither included; a page from the near end of `order`. */
  async between(
    { after, before, order }: EventRange,
    filter: EventFilter,
    limit: number,
  ): Promise<EventRecord[]> {
    const range = before === undefined ? { gt: after } : { gt: after, lt: before };
    return this.read(range, order, filter, limit);
  }

  private async read(
    sequence: Prisma.BigIntFilter<'Event'>,
    order: EventRange['order'],
    { rolloutId, hostId }: EventFilter,
    limit: number,
  ): Promise<EventRecord[]> {
    const where: Prisma.EventWhereInput = { sequence };
    if (rolloutId !== undefined) where.rolloutId = rolloutId;
    if (hostId !== undefined) where.hostId = hostId;
    const rows = await this.database.read('read events', 'events', (client) =>
      client.event.findMany({ where, orderBy: { sequence: order }, take: limit }),
    );
    return rows.map((row) => ({ ...row, data: row.data as EventRecord['data'] }));
  }

  /** Where the record ends now; sequence 0 without any event. A server that was promoted is on a new timeline at once. */
  async end(): Promise<EventsEnd> {
    const [end] = await this.database.read('read events', 'events', (client) => {
      return client.$queryRaw<EventsEnd[]>`
        SELECT COALESCE((SELECT max(sequence) FROM events), 0) AS sequence,
          (hashtextextended(concat_ws(':', s.system_identifier, CASE WHEN pg_is_in_recovery()
            THEN c.timeline_id ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END, d.oid, 'events'::regclass::oid), 0)
           & x'ffffffffff'::bigint)::text AS life
        FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d
        WHERE d.datname = current_database()`;
    });
    if (!end) throw new Error('the database does not find itself');
    return end;
  }

  /**
   * Names or ids as a request has them, turned into ids.
   * @throws LuofleetError NOT_FOUND
   */
  async resolveFilter(filter: {
    readonly rollout?: string | undefined;
    readonly host?: string | undefined;
  }): Promise<EventFilter> {
    return this.database.read('read events', 'events', async (client) => ({
      rolloutId:
        filter.rollout === undefined
          ? undefined
          : await resolveId(client, 'rollout', filter.rollout),
      hostId: filter.host === undefined ? undefined : await resolveId(client, 'host', filter.host),
    }));
  }
}
