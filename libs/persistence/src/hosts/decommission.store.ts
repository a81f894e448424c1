import { LuofleetError } from '@luofleet/platform';
import { arrayText } from '../database/array-text';
import type { Database, Reader } from '../database/database';
import { isUniqueViolation } from '../database/database-error';
import type { UnitOfWork } from '../database/unit-of-work';
import { NOT_ENDED_WORDS } from '../host-updates/host-update.columns';

/** A host that was just taken out of the fleet. */
export interface DecommissionedHost {
  readonly name: string;
  /** Replica that held its stream, and has to close it. */
  readonly replicaId: string | null;
}

/** Rollouts with an update of this host that has not ended, in the order in which they are locked. */
export async function rolloutsWithOpenUpdates(client: Reader, hostId: string): Promise<string[]> {
  const rows = await client.$queryRaw<{ id: string }[]>`
    SELECT rollout_id AS id FROM host_updates
    WHERE host_id = ${hostId}::uuid AND state IN (${NOT_ENDED_WORDS}) ORDER BY 1`;
  return rows.map(({ id }) => id);
}

/**
 * Takes a host out of the fleet. Its stream stays known as its replica's until that has closed it. Null when it was
 * taken out before.
 */
export async function decommissionHost(
  unit: UnitOfWork,
  hostId: string,
  why: string,
): Promise<DecommissionedHost | null> {
  const [host] = await unit.client.$queryRaw<DecommissionedHost[]>`
    UPDATE hosts SET decommissioned_at = now(), online = false, version = version + 1
    WHERE id = ${hostId}::uuid AND decommissioned_at IS NULL
    RETURNING name, replica_id AS "replicaId"`;
  if (!host) return null;
  unit.record({
    kind: 'host-decommissioned',
    hostId,
    reasonCode: 'HOST_DECOMMISSIONED',
    message: `Host ${host.name} was taken out of the fleet by an operator${why === '' ? '' : `: ${why}`}.`,
    data: { hostName: host.name, ...(why !== '' && { why }) },
  });
  return host;
}

/**
 * The undo of `decommissionHost`, as far as there is one: the host is in the fleet again and its agent is welcome.
 * False when it was never taken out.
 * @throws LuofleetError ALREADY_EXISTS when another host has its name or its machine by now
 */
export async function recommissionHost(unit: UnitOfWork, hostId: string): Promise<boolean> {
  const [host] = await unit.client.$queryRaw<{ name: string }[]>`
    SELECT name FROM hosts WHERE id = ${hostId}::uuid AND decommissioned_at IS NOT NULL FOR UPDATE`;
  if (!host) return false;
  await unit.client.$executeRaw`
      UPDATE hosts SET decommissioned_at = NULL, online = false, replica_id = NULL, version = version + 1
      WHERE id = ${hostId}::uuid`.catch((error: unknown) => {
    throw isUniqueViolation(error) ? nameTaken(host.name, error) : error;
  });
  unit.record({
    kind: 'host-recommissioned',
    hostId,
    message: `Host ${host.name} was taken into the fleet again by an operator; it is offline until its agent connects.`,
    data: { hostName: host.name },
  });
  return true;
}

function nameTaken(name: string, cause: unknown): LuofleetError {
  return new LuofleetError({
    code: 'ALREADY_EXISTS',
    operation: 'recommission host',
    subject: `host ${name}`,
    detail: `Another host has the name ${name} or this host's machine by now; decommission that one first.`,
    cause,
  });
}

/** Those of these hosts, whose streams are open, that were decommissioned. */
export async function hostsToLetGo(
  database: Database,
  hostIds: readonly string[],
): Promise<string[]> {
  if (hostIds.length === 0) return [];
  const rows = await database.read('find decommissioned hosts', 'hosts', (client) => {
    return client.$queryRaw<{ id: string }[]>`
      SELECT id FROM hosts WHERE id = ANY(${arrayText(hostIds)}::uuid[]) AND decommissioned_at IS NOT NULL`;
  });
  return rows.map(({ id }) => id);
}
