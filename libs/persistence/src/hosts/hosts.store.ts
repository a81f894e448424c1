import type { Reader } from '../database/database';
import { arrayText } from '../database/array-text';
import { storeEach } from '../database/isolation';
import type { UnitOfWork } from '../database/unit-of-work';
import type { WorkloadRecord } from '../records';
import { setAside } from '../set-aside/set-aside.store';
import { SILENCE_COUNTS } from '../watch/fleet-watch.store';
import type { Registrar } from './host-registration.store';
import { PLANNABLE_WORDS } from '../rollouts/rollout.columns';

/** Takes hosts offline whose streams `replicaId` held, unless another replica holds them by now. Returns which. */
export async function markOffline(
  unit: UnitOfWork,
  hostIds: readonly string[],
  replicaId: string,
): Promise<string[]> {
  const gone = await unit.client.$queryRaw<{ id: string; name: string; left: boolean }[]>`
    UPDATE hosts SET online = false, replica_id = NULL, version = version + 1
    WHERE id IN (SELECT id FROM hosts WHERE id = ANY(${arrayText(hostIds)}::uuid[]) ORDER BY id FOR UPDATE)
      AND replica_id = ${replicaId}
    RETURNING id, name, decommissioned_at IS NOT NULL AS left`;
  recordOffline(
    unit,
    gone.filter(({ left }) => !left),
    'its connection ended',
  );
  return gone.map(({ id }) => id);
}

/**
 * Takes hosts offline that have not been heard of for so long, unless nobody could hear them. One that can not be written
 * is set aside and stays as it is.
 */
export async function markSilentOffline(unit: UnitOfWork, offlineAfterMs: number): Promise<void> {
  const silent = await unit.client.$queryRaw<{ id: string; name: string }[]>`
    SELECT id, name FROM hosts WHERE online AND ${SILENCE_COUNTS}
      AND last_seen_at < now() - ${offlineAfterMs} * interval '1 ms'
    ORDER BY id FOR UPDATE SKIP LOCKED`;
  const refused = await storeEach(unit, silent, async (part) => {
    await unit.client.$executeRaw`
      UPDATE hosts SET online = false, replica_id = NULL, version = version + 1
      WHERE id = ANY(${arrayText(part.map(({ id }) => id))}::uuid[])`;
    recordOffline(unit, part, 'it has not been heard of for too long');
  });
  await setAside(
    unit,
    refused.map(({ item: { id, name }, why }) => ({
      ...{ kind: 'host', subject: `${id} offline`, hostId: id, why, content: { online: false } },
      what: `that host ${name} is silent`,
    })),
  );
}

function recordOffline(
  unit: UnitOfWork,
  hosts: readonly { readonly id: string; readonly name: string }[],
  why: string,
): void {
  unit.record(
    ...hosts.map(({ id, name }) => ({
      kind: 'host-offline' as const,
      hostId: id,
      message: `Host ${name} is not connected: ${why}.`,
      data: { hostName: name },
    })),
  );
}

export interface HostSign {
  readonly hostId: string;
  /** When it was heard of, on this process's monotonic clock (performance.now). */
  readonly atMs: number;
  /** Set only when the workloads' health differs from what was written last. */
  readonly workloads?: readonly WorkloadRecord[] | undefined;
}

/**
 * Writes that these hosts were heard of on `replicaId`'s streams. A host that was taken for silent is online again, unless
 * the sign is old: it may have been read late, and the record know better by then. Rows somebody else is at are left for
 * the next time. Returns the hosts that were written.
 */
export async function touchHosts(
  unit: UnitOfWork,
  signs: readonly HostSign[],
  { replicaId, offlineAfterMs }: Registrar,
): Promise<string[]> {
  if (signs.length === 0) return [];
  const rows = signs.map(({ hostId, atMs, workloads }) => ({
    id: hostId,
    ageMs: unit.begunAtMs - atMs,
    workloads: workloads ?? null,
  }));
  const touched = await unit.client.$queryRaw<{ id: string; name: string; wasOnline: boolean }[]>`
    UPDATE hosts h SET last_seen_at = GREATEST(h.last_seen_at, now() - v."ageMs" * interval '1 ms'),
      online = true, replica_id = ${replicaId},
      workloads = CASE WHEN jsonb_typeof(v.workloads) = 'array' THEN v.workloads ELSE h.workloads END
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS v(id uuid, "ageMs" float8, workloads jsonb),
      (SELECT id, online FROM hosts WHERE id = ANY(${arrayText(signs.map(({ hostId }) => hostId))}::uuid[])
         AND COALESCE(replica_id, ${replicaId}) = ${replicaId} AND decommissioned_at IS NULL
       ORDER BY id FOR UPDATE SKIP LOCKED) AS free
    WHERE h.id = v.id AND free.id = v.id AND (free.online OR now() - v."ageMs" * interval '1 ms'
      > GREATEST(h.last_seen_at, now() - ${offlineAfterMs} * interval '1 ms'))
    RETURNING h.id, h.name, free.online AS "wasOnline"`;
  unit.record(
    ...touched
      .filter(({ wasOnline }) => !wasOnline)
      .map(({ id, name }) => ({
        kind: 'host-online' as const,
        hostId: id,
        message: `Host ${name} is heard of again.`,
        data: { hostName: name },
      })),
  );
  return touched.map(({ id }) => id);
}

export interface HostFactsChange {
  readonly runningVersion: string;
  readonly bootId: string;
  readonly incarnationId: string;
}

/** Writes what runs on a host after a phase; empty values change nothing. */
export async function writeHostFacts(
  unit: UnitOfWork,
  hostId: string,
  facts: HostFactsChange,
): Promise<void> {
  const { runningVersion, bootId, incarnationId } = facts;
  await unit.client.$executeRaw`
    UPDATE hosts SET running_version = COALESCE(NULLIF(${runningVersion}, ''), running_version),
      boot_id = COALESCE(NULLIF(${bootId}, ''), boot_id),
      incarnation_id = COALESCE(NULLIF(${incarnationId}, ''), incarnation_id), version = version + 1
    WHERE id = ${hostId}::uuid
      AND (running_version, boot_id, incarnation_id) IS DISTINCT FROM
          (COALESCE(NULLIF(${runningVersion}, ''), running_version), COALESCE(NULLIF(${bootId}, ''), boot_id),
           COALESCE(NULLIF(${incarnationId}, ''), incarnation_id))`;
}

/** Raises the generation of each host by one. Returns the new ones. */
export async function raiseGenerations(
  unit: UnitOfWork,
  hostIds: readonly string[],
): Promise<Map<string, bigint>> {
  if (hostIds.length === 0) return new Map();
  const rows = await unit.client.$queryRaw<{ id: string; generation: bigint }[]>`
    UPDATE hosts SET generation = generation + 1, version = version + 1
    WHERE id IN (SELECT id FROM hosts WHERE id = ANY(${arrayText(hostIds)}::uuid[]) ORDER BY id FOR UPDATE)
    RETURNING id, generation`;
  return new Map(rows.map(({ id, generation }) => [id, generation]));
}

/** Which replica holds the stream of each of these hosts; hosts without a stream are absent. */
export async function replicasOfHosts(
  client: Reader,
  hostIds: readonly string[],
): Promise<Map<string, string>> {
  const rows = await client.$queryRaw<{ id: string; replicaId: string }[]>`
    SELECT id, replica_id AS "replicaId" FROM hosts
    WHERE id = ANY(${arrayText(hostIds)}::uuid[]) AND online AND replica_id IS NOT NULL`;
  return new Map(rows.map(({ id, replicaId }) => [id, replicaId]));
}

/** Rollouts that have not ended and have this host in them. */
export async function openRolloutsOfHost(client: Reader, hostId: string): Promise<string[]> {
  const rows = await client.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT r.id FROM host_updates hu JOIN rollouts r ON r.id = hu.rollout_id
    WHERE hu.host_id = ${hostId}::uuid AND r.state IN (${PLANNABLE_WORDS})`;
  return rows.map(({ id }) => id);
}
