import type { SelectorRequirement } from '@luofleet/rollout';
import { Prisma } from '../generated/prisma/client';
import type { Database } from '../database/database';
import { cursorId, decodeCursor, type Slice, type SliceRequest, sliceOf } from '../database/cursor';
import { hostsCalled, notFound } from '../database/reference';
import type { HostRecord } from '../records';
import { selectorCondition } from './selector.sql';

const HOST_COLUMNS = Prisma.sql`
  h.id, h.name, h.machine_id AS "machineId", h.labels, h.failure_domain AS "failureDomain", h.backend::text AS backend,
  CASE WHEN h.decommissioned_at IS NOT NULL THEN 'decommissioned'
       WHEN h.online THEN 'online' ELSE 'offline' END AS state,
  h.replica_id AS "replicaId", h.boot_id AS "bootId", h.incarnation_id AS "incarnationId",
  h.agent_version AS "agentVersion", h.running_version AS "runningVersion",
  h.running_sha256 AS "runningSha256", h.kernel_release AS "kernelRelease", h.handlers, h.capabilities, h.workloads,
  h.generation, h.last_seen_at AS "lastSeenAt", h.registered_at AS "registeredAt",
  h.decommissioned_at AS "decommissionedAt", h.version, u.update`;

const HOST_SOURCE = Prisma.sql`
  hosts h LEFT JOIN LATERAL (
    SELECT jsonb_build_object('id', hu.id, 'rolloutId', hu.rollout_id, 'rolloutName', r.name,
                              'state', hu.state, 'phase', NULLIF(hu.phase, '')) AS update
    FROM host_updates hu JOIN rollouts r ON r.id = hu.rollout_id
    WHERE hu.host_id = h.id ORDER BY r.created_at DESC LIMIT 1
  ) u ON TRUE`;

const NO_ID = '00000000-0000-0000-0000-000000000000';

const STATE_CONDITIONS = {
  any: Prisma.sql`h.decommissioned_at IS NULL`,
  online: Prisma.sql`h.decommissioned_at IS NULL AND h.online`,
  offline: Prisma.sql`h.decommissioned_at IS NULL AND NOT h.online`,
  decommissioned: Prisma.sql`h.decommissioned_at IS NOT NULL`,
} as const;

/** Reads hosts as operators see them. */
export class HostsReader {
  constructor(private readonly database: Database) {}

  /** Hosts by name, of one state when asked for; decommissioned ones are left out unless it is they. */
  async list(
    request: SliceRequest & {
      readonly requirements?: readonly SelectorRequirement[];
      readonly state?: HostRecord['state'] | undefined;
    },
  ): Promise<Slice<HostRecord>> {
    const [name, id] = decodeCursor(request.cursor, 2) ?? ['', NO_ID];
    const rows = await this.database.read('list hosts', 'hosts', (client) => {
      return client.$queryRaw<HostRecord[]>`
        SELECT ${HOST_COLUMNS} FROM ${HOST_SOURCE}
        WHERE ${STATE_CONDITIONS[request.state ?? 'any']}
          AND (h.name, h.id) > (${name}, ${cursorId(id ?? '')}::uuid)
          AND ${selectorCondition(request.requirements ?? [])}
        ORDER BY h.name, h.id LIMIT ${request.limit + 1}`;
    });
    return sliceOf(rows, request.limit, (host) => [host.name, host.id]);
  }

  /** @throws LuofleetError NOT_FOUND */
  async get(idOrName: string): Promise<HostRecord> {
    const [host] = await this.database.read('read host', `host ${idOrName}`, (client) => {
      return client.$queryRaw<HostRecord[]>`
        SELECT ${HOST_COLUMNS} FROM ${HOST_SOURCE} WHERE ${hostsCalled(idOrName)}`;
    });
    if (!host) throw notFound('host', idOrName);
    return host;
  }
}
