import type { UnitOfWork } from '../database/unit-of-work';
import type { Backend, Labels } from '../records';

/** What an agent says about its host when it connects. */
export interface HostIntroduction {
  readonly name: string;
  readonly labels: Labels;
  readonly failureDomain: string;
  readonly backend: Backend;
  readonly bootId: string;
  readonly incarnationId: string;
  readonly agentVersion: string;
  readonly runningVersion: string;
  readonly runningSha256: string;
  readonly kernelRelease: string;
  readonly handlers: readonly string[];
  readonly workloads: readonly string[];
  /** Highest generation the agent has accepted. */
  readonly generation: bigint;
}

export interface RegisteredHost {
  readonly id: string;
  readonly isNew: boolean;
  readonly decommissioned: boolean;
  /** Replica that held the host's stream until now, null if none did. */
  readonly previousReplicaId: string | null;
}

/** The same for one host. */
export async function registerHost(
  unit: UnitOfWork,
  host: HostIntroduction,
  replicaId: string,
  nowMs: number,
): Promise<RegisteredHost> {
  const [registered] = await registerHosts(unit, [host], replicaId, nowMs);
  if (!registered) throw new Error(`host ${host.name} was not registered`);
  return registered;
}

type KnownHost = RegisteredHost & {
  readonly name: string;
  readonly version: number;
  readonly online: boolean;
};

/**
 * Stores what hosts, each of another name, say of themselves and that `replicaId` holds their streams; three statements,
 * whatever their number. Decommissioned hosts are left as they are. Returns them in the order given.
 */
export async function registerHosts(
  unit: UnitOfWork,
  hosts: readonly HostIntroduction[],
  replicaId: string,
  nowMs: number,
): Promise<RegisteredHost[]> {
  const rows = hosts.map((host) => ({
    ...host,
    generation: host.generation.toString(),
    workloads: host.workloads.map((name) => ({ name, state: '', detail: '', pid: 0 })),
  }));
  await unit.client.$executeRaw`
    INSERT INTO hosts (id, name, backend)
    SELECT gen_random_uuid(), v.name, v.backend::"Backend"
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS v(name text, backend text)
    WHERE NOT EXISTS (SELECT FROM hosts h WHERE h.name = v.name) ORDER BY v.name
    ON CONFLICT (name) WHERE decommissioned_at IS NULL DO NOTHING`;
  const found = await unit.client.$queryRaw<KnownHost[]>`
    SELECT id, name, version, version = 0 AS "isNew", decommissioned_at IS NOT NULL AS decommissioned,
      replica_id AS "previousReplicaId", online
    FROM hosts WHERE name = ANY(${hosts.map(({ name }) => name)}::text[]) ORDER BY id FOR UPDATE`;
  // A name may have belonged to hosts that left the fleet; the one that is in it comes last and stays.
  found.sort((a, b) => Number(b.decommissioned) - Number(a.decommissioned));
  const byName = new Map(found.map((known) => [known.name, known]));
  const known = hosts.map(({ name }) => {
    const row = byName.get(name);
    if (!row) throw new Error(`host ${name} vanished while it was registered`);
    return row;
  });
  await unit.client.$executeRaw`
    UPDATE hosts h SET labels = v.labels, failure_domain = v."failureDomain", backend = v.backend::"Backend",
      online = true, replica_id = ${replicaId}, boot_id = v."bootId", incarnation_id = v."incarnationId",
      agent_version = v."agentVersion", running_version = v."runningVersion",
      running_sha256 = v."runningSha256", kernel_release = v."kernelRelease",
      handlers = ARRAY(SELECT jsonb_array_elements_text(v.handlers)), workloads = v.workloads,
      generation = GREATEST(h.generation, v.generation), last_seen_at = ${new Date(nowMs)}::timestamptz,
      version = h.version + 1
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS v(
      name text, labels jsonb, "failureDomain" text, backend text, "bootId" text, "incarnationId" text,
      "agentVersion" text, "runningVersion" text, "runningSha256" text, "kernelRelease" text, handlers jsonb,
      workloads jsonb, generation bigint)
    WHERE h.name = v.name AND h.decommissioned_at IS NULL`;
  hosts.forEach((host, index) => recordOnline(unit, host, known[index]));
  return known;
}

function recordOnline(
  unit: UnitOfWork,
  host: HostIntroduction,
  known: KnownHost | undefined,
): void {
  if (!known || known.decommissioned || (known.online && !known.isNew)) return;
  const { name, runningVersion, backend } = host;
  unit.record({
    kind: known.isNew ? 'host-registered' : 'host-online',
    hostId: known.id,
    message: `Host ${name} ${known.isNew ? 'joined the fleet' : 'is connected'}, running ${runningVersion}.`,
    data: { hostName: name, runningVersion, backend },
  });
}
