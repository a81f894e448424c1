import type { Database } from '../database/database';
import type { FleetSummary } from '../records';

/** The fleet in a few numbers. */
export class SummaryReader {
  constructor(private readonly database: Database) {}

  async read(): Promise<FleetSummary> {
    const [row] = await this.database.read('read summary', 'fleet', (client) => {
      return client.$queryRaw<FleetSummary[]>`
        SELECT
          (SELECT jsonb_build_object('total', count(*), 'online', count(*) FILTER (WHERE online))
           FROM hosts WHERE decommissioned_at IS NULL) AS hosts,
          (SELECT jsonb_build_object('byState', COALESCE(jsonb_object_agg(state, n), '{}'))
           FROM (SELECT state, count(*) AS n FROM rollouts GROUP BY state) r) AS rollouts,
          (SELECT count(*)::int FROM sessions) AS sessions,
          (SELECT count(*)::int FROM preserved_files) AS files`;
    });
    if (!row) throw new Error('a query of aggregates returned no row');
    return row;
  }
}
