/**
 * DOC: the watch over the fleet
 *
 * Purpose: the record says, by the database's clock alone, since when the control plane as a whole can hear its hosts and
 * reach them, so that whoever judges silence and deadlines knows how long nobody looked, itself included.
 *
 * Happy path: each replica that serves agents beats; `heard_at` and `reached_at` are never older than LAPSE_MS.
 *
 * Unhappy paths:
 * 1. Nobody has beaten for longer (replicas restarted, stopped or stalled, Postgres or Redis away, the clock stepped
 *    forward): nobody is judged. The first beat after it moves every deadline by the gap, or by what of it the deadline has
 *    seen, and hosts get `graceMs` to connect and to say what they have to. Another gap within that time only adds its
 *    own length: a replica that stalls again and again is still judged by.
 * 2. One replica of several is silent: the deadlines of the hosts whose streams it held are moved by its silence, and to
 *    `graceMs` from now at least; they have to notice, and to connect to another one.
 *
 * 3. A deadline that can not be moved is set aside; the gap is closed all the same.
 *
 * Ordering: moved host updates get a new version, so that a judgement over what was read before conflicts.
 */
import { Prisma } from '../generated/prisma/client';
import { arrayText } from '../database/array-text';
import type { Database, Reader } from '../database/database';
import { storeEach } from '../database/isolation';
import type { UnitOfWork } from '../database/unit-of-work';
import { setAside } from '../set-aside/set-aside.store';

/** A watch that is older than this has a gap. Beats come far more often. */
export const LAPSE_MS = 2_000;

export interface Beat {
  readonly replicaId: string;
  readonly role: string;
  /** Whether agents connect to it, and whether commands and jobs go out from it. */
  readonly hears: boolean;
  readonly reaches: boolean;
  readonly graceMs: number;
}

/** What a beat found out: how long nobody heard or reached hosts, 0 without a gap, and replicas that fell silent. */
export interface Gaps {
  readonly heardMs: number;
  readonly reachedMs: number;
  readonly silentReplicas: readonly string[];
}

const NO_GAPS: Gaps = { heardMs: 0, reachedMs: 0, silentReplicas: [] };
const LAPSE = Prisma.sql`(${LAPSE_MS} * interval '1 ms')`;

export async function beat(database: Database, one: Beat): Promise<Gaps> {
  const { replicaId, role, hears, reaches } = one;
  const kept = await database.read('watch the fleet', `replica ${replicaId}`, (client) => {
    return client.$executeRaw`
      WITH me AS (
        INSERT INTO replicas (id, role) VALUES (${replicaId}, ${role})
        ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp())
      UPDATE fleet_watch SET
        heard_at = CASE WHEN ${hears} THEN clock_timestamp() ELSE heard_at END,
        reached_at = CASE WHEN ${reaches} THEN clock_timestamp() ELSE reached_at END
      WHERE (NOT ${hears} OR heard_at > clock_timestamp() - ${LAPSE})
        AND (NOT ${reaches} OR reached_at > clock_timestamp() - ${LAPSE})
        AND NOT EXISTS (
          SELECT FROM replicas WHERE id <> ${replicaId} AND seen_at < clock_timestamp() - ${LAPSE})`;
  });
  if (kept === 1) return NO_GAPS;
  return database.transaction('close a gap in the watch', 'fleet', (unit) => closeGaps(unit, one), {
    urgent: true,
  });
}

/** The undo of the first beat: a replica that stops on purpose has said goodbye to its hosts. */
export async function leaveWatch(database: Database, replicaId: string): Promise<void> {
  await database.read('leave the watch', `replica ${replicaId}`, (client) => {
    return client.$executeRaw`DELETE FROM replicas WHERE id = ${replicaId}`;
  });
}

async function closeGaps(unit: UnitOfWork, one: Beat): Promise<Gaps> {
  const { client } = unit;
  await client.$queryRaw`SELECT FROM fleet_watch FOR UPDATE`;
  const gapOf = (column: Prisma.Sql) =>
    Prisma.sql`(extract(epoch FROM clock_timestamp() - ${column}) * 1000)::float8`;
  const [watch] = await client.$queryRaw<{ heardMs: number; reachedMs: number }[]>`
    SELECT ${gapOf(Prisma.sql`heard_at`)} AS "heardMs", ${gapOf(Prisma.sql`reached_at`)} AS "reachedMs"
    FROM fleet_watch`;
  const gap = (isMine: boolean, ms = 0) => (isMine && ms > LAPSE_MS ? ms : 0);
  const [heardMs, reachedMs] = [gap(one.hears, watch?.heardMs), gap(one.reaches, watch?.reachedMs)];
  const grace = Prisma.sql`clock_timestamp() + ${one.graceMs} * interval '1 ms'`;
  const graceAfter = (watched: Prisma.Sql, heldTo: Prisma.Sql) =>
    Prisma.sql`CASE WHEN ${heldTo} > ${watched} THEN LEAST(${heldTo} + (clock_timestamp() - ${watched}), ${grace}) ELSE ${grace} END`;
  await client.$executeRaw`
    UPDATE fleet_watch SET
      heard_at = CASE WHEN ${one.hears} THEN clock_timestamp() ELSE heard_at END,
      reached_at = CASE WHEN ${one.reaches} THEN clock_timestamp() ELSE reached_at END,
      silence_from = CASE WHEN ${heardMs > 0}
        THEN ${graceAfter(Prisma.sql`heard_at`, Prisma.sql`silence_from`)} ELSE silence_from END,
      deadlines_from = CASE WHEN ${reachedMs > 0}
        THEN ${graceAfter(Prisma.sql`reached_at`, Prisma.sql`deadlines_from`)} ELSE deadlines_from END`;
  if (reachedMs > 0)
    await moveDeadlines(
      unit,
      moved(reachedMs),
      Prisma.sql`state IN ('running', 'rolling-back') OR (state = 'pending' AND deadline_at IS NOT NULL)`,
    );
  const silent = await client.$queryRaw<{ id: string; silentMs: number }[]>`
    DELETE FROM replicas WHERE id <> ${one.replicaId} AND seen_at < clock_timestamp() - ${LAPSE}
    RETURNING id, ${gapOf(Prisma.sql`seen_at`)} AS "silentMs"`;
  for (const { id, silentMs } of silent)
    await moveDeadlines(
      unit,
      Prisma.sql`GREATEST(${moved(reachedMs > 0 ? 0 : silentMs)}, ${grace})`,
      Prisma.sql`state IN ('running', 'rolling-back')
        AND host_id IN (SELECT id FROM hosts WHERE replica_id = ${id})`,
    );
  return { heardMs, reachedMs, silentReplicas: silent.map(({ id }) => id) };
}

/**
 * The deadline of the host update `hu` moved by a gap, or by the part of the gap since it was set: the last command was
 * stored with it, or the rollout before it. What starts while nobody watches yet has not lost what came before.
 */
const moved = (gapMs: number): Prisma.Sql => Prisma.sql`deadline_at + LEAST(
  ${gapMs} * interval '1 ms',
  clock_timestamp() - COALESCE(
    (SELECT max(created_at) FROM commands WHERE host_update_id = hu.id),
    (SELECT created_at FROM rollouts WHERE id = hu.rollout_id)))`;

async function moveDeadlines(unit: UnitOfWork, to: Prisma.Sql, which: Prisma.Sql): Promise<void> {
  const found = await unit.client.$queryRaw<{ id: string; hostId: string; rolloutId: string }[]>`
    SELECT id, host_id AS "hostId", rollout_id AS "rolloutId" FROM host_updates WHERE ${which}
    ORDER BY position FOR NO KEY UPDATE`;
  const refused = await storeEach(unit, found, (part) => {
    return unit.client.$executeRaw`
      UPDATE host_updates hu SET deadline_at = ${to}, version = version + 1
      WHERE id = ANY(${arrayText(part.map(({ id }) => id))}::uuid[])`;
  });
  await setAside(
    unit,
    refused.map(({ item: { id, hostId, rolloutId }, why }) => ({
      ...{ kind: 'host-update', subject: `${id} deadline`, hostUpdateId: id, hostId, rolloutId },
      ...{ what: 'a deadline after nobody had watched', why, content: null },
    })),
  );
}

/** The time by which deadlines are judged, and before which none counts as passed. */
export interface JudgingTime {
  readonly nowMs: number;
  readonly deadlinesHoldFromMs: number;
}

/** While nobody watches, no deadline counts; after a gap none for a while. */
export async function readJudgingTime(client: Reader): Promise<JudgingTime> {
  const [time] = await client.$queryRaw<JudgingTime[]>`
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs",
      (extract(epoch FROM CASE WHEN reached_at < clock_timestamp() - ${LAPSE} THEN clock_timestamp() + interval '1 s'
                               ELSE deadlines_from END) * 1000)::float8 AS "deadlinesHoldFromMs"
    FROM fleet_watch`;
  if (!time) throw new Error('the watch over the fleet has no row');
  return time;
}

/** Holds where silence may be judged: somebody can hear the hosts, and could for long enough. */
export const SILENCE_COUNTS = Prisma.sql`EXISTS (
  SELECT FROM fleet_watch WHERE heard_at > now() - ${LAPSE} AND silence_from <= now())`;

/** Milliseconds since the epoch, by the database's clock. */
export async function databaseNowMs(client: Reader): Promise<number> {
  const [row] = await client.$queryRaw<{ nowMs: number }[]>`
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"`;
  return row?.nowMs ?? NaN;
}
