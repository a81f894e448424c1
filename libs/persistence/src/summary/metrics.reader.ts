import { countRefusals, type RefusalCounts } from '../hosts/identity-refusals.store';
import type { Database } from '../database/database';

/** A histogram as Prometheus counts: how many are at most `le`, for each bound. */
export interface HistogramRecord {
  readonly count: number;
  readonly sum: number;
  /** In the order of the bounds asked for, not cumulative; the last one counts what is above all bounds. */
  readonly buckets: readonly number[];
}

export interface FleetMetrics {
  readonly hosts: Readonly<Record<string, number>>;
  readonly identityRefusals: RefusalCounts;
  readonly rollouts: Readonly<Record<string, number>>;
  readonly hostUpdates: Readonly<Record<string, number>>;
  readonly blackoutMs: HistogramRecord;
  /** By phase. */
  readonly phaseMs: Readonly<Record<string, HistogramRecord>>;
}

interface BucketRow {
  readonly name: string;
  readonly bucket: number;
  readonly n: number;
  readonly total: number;
}

/** What monitoring wants to know of the record. */
export class MetricsReader {
  constructor(private readonly database: Database) {}

  /** How many hosts have their stream at this replica. */
  async streamsOf(replicaId: string): Promise<number> {
    return this.database.read('read metrics', 'fleet', (client) =>
      client.host.count({ where: { online: true, replicaId } }),
    );
  }

  /** How often something was set aside, by kind. */
  async setAside(): Promise<Readonly<Record<string, number>>> {
    const rows = await this.database.read('read metrics', 'fleet', (client) => {
      return client.$queryRaw<{ kind: string; n: number }[]>`
        SELECT kind, sum(times)::float8 AS n FROM set_aside GROUP BY kind`;
    });
    return Object.fromEntries(rows.map(({ kind, n }) => [kind, n]));
  }

  /** Bounds are upper bounds in milliseconds, ascending. */
  async read(boundsMs: readonly number[]): Promise<FleetMetrics> {
    const bounds = [...boundsMs];
    return this.database.read('read metrics', 'fleet', async (client) => {
      const counts = await client.$queryRaw<{ subject: string; state: string; n: number }[]>`
        SELECT 'hosts' AS subject, CASE WHEN online THEN 'online' ELSE 'offline' END AS state, count(*)::int AS n
        FROM hosts WHERE decommissioned_at IS NULL GROUP BY 2
        UNION ALL SELECT 'rollouts', state, count(*)::int FROM rollouts GROUP BY 2
        UNION ALL SELECT 'hostUpdates', state, count(*)::int FROM host_updates GROUP BY 2`;
      // A value equal to a bound counts into the bucket of that bound, as Prometheus has it.
      const blackouts = await client.$queryRaw<BucketRow[]>`
        SELECT '' AS name, (SELECT count(*) FROM unnest(${bounds}::float8[]) b WHERE b < blackout_ms)::int AS bucket,
          count(*)::int AS n, sum(blackout_ms)::float8 AS total
        FROM host_updates WHERE blackout_ms IS NOT NULL GROUP BY 2`;
      const phases = await client.$queryRaw<BucketRow[]>`
        SELECT phase AS name, (SELECT count(*) FROM unnest(${bounds}::float8[]) b WHERE b < ms)::int AS bucket,
          count(*)::int AS n, sum(ms)::float8 AS total
        FROM (SELECT phase, extract(epoch FROM finished_at - started_at)::float8 * 1000 AS ms FROM commands
              WHERE state = 'succeeded' AND started_at IS NOT NULL AND finished_at IS NOT NULL) c
        GROUP BY 1, 2`;
      const countsOf = (subject: string) =>
        Object.fromEntries(
          counts.filter((row) => row.subject === subject).map(({ state, n }) => [state, n]),
        );
      const names = [...new Set(phases.map(({ name }) => name))].sort();
      return {
        hosts: countsOf('hosts'),
        identityRefusals: await countRefusals(client),
        rollouts: countsOf('rollouts'),
        hostUpdates: countsOf('hostUpdates'),
        blackoutMs: histogramOf(blackouts, bounds.length),
        phaseMs: Object.fromEntries(
          names.map((name) => [
            name,
            histogramOf(
              phases.filter((row) => row.name === name),
              bounds.length,
            ),
          ]),
        ),
      };
    });
  }
}

function histogramOf(rows: readonly BucketRow[], boundsTotal: number): HistogramRecord {
  const buckets = Array.from({ length: boundsTotal + 1 }, (_, bucket) =>
    rows.filter((row) => row.bucket === bucket).reduce((sum, { n }) => sum + n, 0),
  );
  return {
    count: rows.reduce((sum, { n }) => sum + n, 0),
    sum: rows.reduce((sum, { total }) => sum + total, 0),
    buckets,
  };
}
