import { strategyOf } from '@luofleet/rollout';
import { Prisma } from '../generated/prisma/client';
import {
  cursorId,
  cursorMoment,
  decodeCursor,
  type Slice,
  type SliceRequest,
  sliceOf,
} from '../database/cursor';
import type { Database, Reader } from '../database/database';
import { reasonColumns } from '../database/reason.sql';
import { resolveId } from '../database/reference';
import type { RolloutRecord, RolloutSummaryRecord, WaveRecord } from '../records';
import { IN_FLIGHT_WORDS } from '../host-updates/host-update.columns';

/** Counts of the host updates `hu` that satisfy `condition`, as one JSON value. */
const hostCounts = (condition: Prisma.Sql) => Prisma.sql`(
  SELECT jsonb_build_object(
    'total', COALESCE(sum(c.n), 0),
    'byState', COALESCE((SELECT jsonb_object_agg(s.state, s.n) FROM (
      SELECT hu.state, count(*) AS n FROM host_updates hu WHERE ${condition} GROUP BY hu.state) s), '{}'),
    'byPhase', COALESCE(jsonb_object_agg(c.phase, c.n) FILTER (WHERE c.phase <> ''), '{}'))
  FROM (
    SELECT CASE WHEN hu.state IN (${IN_FLIGHT_WORDS}) THEN hu.phase ELSE '' END AS phase,
           count(*) AS n
    FROM host_updates hu WHERE ${condition} GROUP BY 1) c)`;

const SUMMARY_COLUMNS = Prisma.sql`
  r.id, r.name, r.selector, r.state, r.version, ${reasonColumns('r')} AS reason,
  jsonb_build_object('id', rel.id, 'name', rel.name, 'version', rel.release_version) AS release,
  r.created_at AS "createdAt", r.started_at AS "startedAt", r.finished_at AS "finishedAt",
  ${hostCounts(Prisma.sql`hu.rollout_id = r.id`)} AS hosts,
  (SELECT jsonb_build_object(
     'count', count(hu.blackout_ms),
     'p50', percentile_cont(0.5) WITHIN GROUP (ORDER BY hu.blackout_ms),
     'p99', percentile_cont(0.99) WITHIN GROUP (ORDER BY hu.blackout_ms),
     'max', max(hu.blackout_ms))
   FROM host_updates hu WHERE hu.rollout_id = r.id) AS "blackoutMs"`;

/** Hosts of each wave that a rollout's plan names; a plan of ten thousand hosts is a megabyte. */
const PLAN_HOSTS_MAX = 8;

const PLAN_EXCERPT = Prisma.sql`(
  SELECT jsonb_build_object('hostsTotal', r.plan->'hostsTotal', 'warnings', r.plan->'warnings', 'waves', COALESCE(jsonb_agg(
    (wave.value - 'hosts') || jsonb_build_object( 'hostsTotal', jsonb_array_length(wave.value->'hosts'),
      'hosts', jsonb_path_query_array(wave.value, ${`$.hosts[0 to ${PLAN_HOSTS_MAX - 1}]`}::jsonpath))
    ORDER BY wave.place), '[]'))
  FROM jsonb_array_elements(r.plan->'waves') WITH ORDINALITY AS wave(value, place))`;

/** Reads rollouts as operators see them. */
export class RolloutsReader {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async list(request: SliceRequest): Promise<Slice<RolloutSummaryRecord>> {
    const after = decodeCursor(request.cursor, 2);
    const older = after
      ? Prisma.sql`(r.created_at, r.id) < (${cursorMoment(after[0] ?? '')}::timestamptz, ${cursorId(after[1] ?? '')}::uuid)`
      : Prisma.sql`TRUE`;
    const rows = await this.database.read('list rollouts', 'rollouts', (client) => {
      return client.$queryRaw<RolloutSummaryRecord[]>`
        SELECT ${SUMMARY_COLUMNS} FROM rollouts r JOIN releases rel ON rel.id = r.release_id
        WHERE ${older} ORDER BY r.created_at DESC, r.id DESC LIMIT ${request.limit + 1}`;
    });
    return sliceOf(rows, request.limit, (rollout) => [rollout.createdAt.toISOString(), rollout.id]);
  }

  /** @throws LuofleetError NOT_FOUND */
  async get(idOrName: string): Promise<RolloutRecord> {
    return this.database.read('read rollout', `rollout ${idOrName}`, async (client) => {
      const id = await resolveId(client, 'rollout', idOrName);
      const [rollout] = await client.$queryRaw<Omit<RolloutRecord, 'waves'>[]>`
        SELECT ${SUMMARY_COLUMNS}, r.strategy, ${PLAN_EXCERPT} AS plan, NULLIF(r.report, '{}') AS report
        FROM rollouts r JOIN releases rel ON rel.id = r.release_id WHERE r.id = ${id}::uuid`;
      if (!rollout) throw new Error(`rollout ${id} vanished while it was read`);
      const strategy = strategyOf(rollout.strategy);
      return { ...rollout, strategy, waves: await wavesOf(client, id) };
    });
  }

  /** @throws LuofleetError NOT_FOUND */
  async summary(idOrName: string): Promise<RolloutSummaryRecord> {
    return this.database.read('read rollout', `rollout ${idOrName}`, async (client) => {
      const id = await resolveId(client, 'rollout', idOrName);
      const [rollout] = await client.$queryRaw<RolloutSummaryRecord[]>`
        SELECT ${SUMMARY_COLUMNS} FROM rollouts r JOIN releases rel ON rel.id = r.release_id
        WHERE r.id = ${id}::uuid`;
      if (!rollout) throw new Error(`rollout ${id} vanished while it was read`);
      return rollout;
    });
  }
}

function wavesOf(client: Reader, rolloutId: string): Promise<WaveRecord[]> {
  return client.$queryRaw<WaveRecord[]>`
    SELECT w.index, w.state, ${reasonColumns('w')} AS reason, w.started_at AS "startedAt",
           w.finished_at AS "finishedAt", ${hostCounts(Prisma.sql`hu.wave_id = w.id`)} AS hosts
    FROM waves w WHERE w.rollout_id = ${rolloutId}::uuid ORDER BY w.index`;
}
