import { randomUUID } from 'node:crypto';
import { arrayText } from '../database/array-text';
import { ConflictError } from '../database/conflict.error';
import type { UnitOfWork } from '../database/unit-of-work';
import type { Backend, Labels } from '../records';
import { type Candidate, identify, type Introduced, type Verdict } from './host-identity';
import { recordRefusal } from './identity-refusals.store';

/** What an agent says about its host when it connects. */
export interface HostIntroduction extends Introduced {
  readonly labels: Labels;
  readonly failureDomain: string;
  readonly backend: Backend;
  readonly agentVersion: string;
  readonly runningVersion: string;
  readonly runningSha256: string;
  readonly kernelRelease: string;
  readonly handlers: readonly string[];
  /** What the agent understands; empty: not known. */
  readonly capabilities: readonly string[];
  readonly workloads: readonly string[];
  /** Highest generation the agent has accepted. */
  readonly generation: bigint;
  /** Keys of commands that the agent has not answered yet, as far as it knows. */
  readonly openCommandKeys: readonly string[];
}

export interface RegisteredHost {
  readonly id: string;
  readonly isNew: boolean;
  readonly decommissioned: boolean;
  /** Why the agent is sent away although its host is in the fleet; null when it is welcome. */
  readonly refused: string | null;
  /** A newer stream of the same process was here before this one. */
  readonly superseded: boolean;
  /** Replica that held the host's stream until now, null if none did. */
  readonly previousReplicaId: string | null;
}

/** Who registers hosts, and how long one counts as connected that is not heard of. */
export interface Registrar {
  readonly replicaId: string;
  readonly offlineAfterMs: number;
}

/** The same for one host. */
export async function registerHost(
  unit: UnitOfWork,
  host: HostIntroduction,
  registrar: Registrar,
): Promise<RegisteredHost> {
  const [registered] = await registerHosts(unit, [host], registrar);
  if (!registered) throw new Error(`host ${host.name} was not registered`);
  return registered;
}

type Known = Candidate & { readonly online: boolean; readonly replicaId: string | null };

interface Placed {
  readonly hello: HostIntroduction;
  readonly id: string;
  /** Null for a host that is new. */
  readonly known: Known | null;
}

/** Two processes that were one host at once keep it contested for so long. */
const CONTESTED_FOR_MS = 10 * 60_000;
/** How long a registration waits for a host that somebody else holds: others register with it. */
const HELD_FOR_MS = 2000;
/** Incarnations of a host that are remembered as replaced. */
const INCARNATIONS_KEPT = 64;

/**
 * Stores what hosts, each of another name and another machine, say of themselves and that `replicaId` holds their
 * streams; a fixed number of statements. Decommissioned hosts, and those that somebody is refused for, are left as they
 * are. Returns them in the order given. A host that somebody else holds fails all of them, after a short wait.
 * @throws ConflictError when another replica gave one of the names or machines away meanwhile
 */
export async function registerHosts(
  unit: UnitOfWork,
  hosts: readonly HostIntroduction[],
  registrar: Registrar,
): Promise<RegisteredHost[]> {
  await unit.client.$queryRaw`SELECT set_config('lock_timeout', ${`${HELD_FOR_MS}`}, true)`;
  const verdicts = await identifyAll(unit, hosts, registrar);
  const placed: Placed[] = [];
  const refused: { hello: HostIntroduction; verdict: Verdict<Known> & { kind: 'refused' } }[] = [];
  const registered = hosts.map((hello, index): RegisteredHost => {
    const verdict = verdicts[index] ?? { kind: 'new' };
    if (verdict.kind === 'new') {
      const id = randomUUID();
      placed.push({ hello, id, known: null });
      return answerOf(id, { isNew: true });
    }
    const { host, kind } = verdict;
    if (kind === 'known') placed.push({ hello, id: host.id, known: host });
    if (kind === 'refused') refused.push({ hello, verdict });
    return answerOf(host.id, {
      decommissioned: kind === 'decommissioned',
      refused: kind === 'refused' ? verdict.detail : null,
      superseded: kind === 'superseded',
      previousReplicaId: kind === 'known' ? host.replicaId : null,
    });
  });
  await insertNew(unit, placed);
  // COMMIT waits for its turn to number events for as long as ever.
  await unit.client.$executeRaw`SET LOCAL lock_timeout TO DEFAULT`;
  await writeIntroductions(unit, placed, registrar.replicaId);
  await rememberReplaced(unit, placed);
  for (const { hello, verdict } of refused) await recordRefusal(unit, hello, verdict);
  for (const one of placed) recordArrival(unit, one);
  return registered;
}

function answerOf(id: string, answer: Partial<RegisteredHost>): RegisteredHost {
  return {
    id,
    isNew: false,
    decommissioned: false,
    refused: null,
    superseded: false,
    previousReplicaId: null,
    ...answer,
  };
}

/** Locks every host that one of the hellos may be about, and says which it is. */
async function identifyAll(
  unit: UnitOfWork,
  hosts: readonly HostIntroduction[],
  { offlineAfterMs }: Registrar,
): Promise<Verdict<Known>[]> {
  const known = await unit.client.$queryRaw<Known[]>`
    SELECT id, name, machine_id AS "machineId", boot_id AS "bootId", online, replica_id AS "replicaId",
      stream_incarnation AS "streamIncarnation", stream_number AS "streamNumber",
      online AND last_seen_at > now() - ${offlineAfterMs} * interval '1 ms' AS live,
      COALESCE(contested_at > now() - ${CONTESTED_FOR_MS} * interval '1 ms', false) AS contested,
      decommissioned_at IS NOT NULL AS decommissioned
    FROM hosts WHERE name = ANY(${arrayText(hosts.map(({ name }) => name))}::text[])
      OR machine_id = ANY(${arrayText(hosts.flatMap(({ machineId }) => machineId || []))}::text[])
    ORDER BY id FOR UPDATE`;
  const replaced = await unit.client.$queryRaw<{ hostId: string; incarnationId: string }[]>`
    SELECT host_id AS "hostId", incarnation_id AS "incarnationId" FROM host_incarnations
    WHERE host_id = ANY(${arrayText(known.map(({ id }) => id))}::uuid[])
      AND incarnation_id = ANY(${arrayText(hosts.map(({ incarnationId }) => incarnationId))}::text[])`;
  const rebooting = await rebootsIn(unit, hosts, known);
  const keyOf = (hostId: string, incarnationId: string) => `${hostId} ${incarnationId}`;
  const pairs = new Set(replaced.map((row) => keyOf(row.hostId, row.incarnationId)));
  return hosts.map((hello) => {
    const { name, machineId, incarnationId } = hello;
    const candidates = known.filter(
      (host) => host.name === name || (machineId !== '' && host.machineId === machineId),
    );
    return identify(
      hello,
      candidates,
      ({ id }) => pairs.has(keyOf(id, incarnationId)),
      ({ id }) => hello.openCommandKeys.some((key) => rebooting.get(key) === id),
    );
  });
}

/** Open commands out of the hellos that go on in a new boot, with their hosts: of those that have no machine id yet. */
async function rebootsIn(
  unit: UnitOfWork,
  hosts: readonly HostIntroduction[],
  known: readonly Known[],
): Promise<ReadonlyMap<string, string>> {
  const nameless = known.filter(({ machineId, live }) => machineId === '' && live);
  const names = new Set(nameless.map(({ name }) => name));
  const keys = hosts.flatMap(({ name, openCommandKeys }) =>
    names.has(name) ? openCommandKeys : [],
  );
  if (keys.length === 0) return new Map();
  const rows = await unit.client.$queryRaw<{ key: string; hostId: string }[]>`
    SELECT idempotency_key AS key, host_id AS "hostId" FROM commands
    WHERE host_id = ANY(${arrayText(nameless.map(({ id }) => id))}::uuid[]) AND idempotency_key = ANY(${arrayText(keys)}::text[])
      AND phase IN ('reboot', 'retrieve') AND state IN ('sent', 'accepted')`;
  return new Map(rows.map(({ key, hostId }) => [key, hostId]));
}

/** @throws ConflictError */
async function insertNew(unit: UnitOfWork, placed: readonly Placed[]): Promise<void> {
  const rows = placed
    .filter(({ known }) => known === null)
    .map(({ id, hello: { name, machineId, backend } }) => ({ id, name, machineId, backend }));
  if (rows.length === 0) return;
  const inserted = await unit.client.$executeRaw`
    INSERT INTO hosts (id, name, machine_id, backend)
    SELECT v.id, v.name, v."machineId", v.backend::"Backend"
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS v(id uuid, name text, "machineId" text, backend text)
    ORDER BY v.name ON CONFLICT DO NOTHING`;
  if (inserted !== rows.length) throw new ConflictError('register host', 'hosts');
}

async function writeIntroductions(
  unit: UnitOfWork,
  placed: readonly Placed[],
  replicaId: string,
): Promise<void> {
  const rows = placed.map(({ hello: { openCommandKeys: _keys, ...hello }, id }) => ({
    ...hello,
    id,
    generation: hello.generation.toString(),
    streamNumber: hello.streamNumber.toString(),
    workloads: hello.workloads.map((name) => ({ name, state: '', detail: '', pid: 0 })),
  }));
  if (rows.length === 0) return;
  await unit.client.$executeRaw`
    UPDATE hosts h SET name = v.name, machine_id = COALESCE(NULLIF(v."machineId", ''), h.machine_id),
      stream_incarnation = v."incarnationId", stream_number = v."streamNumber",
      labels = v.labels, failure_domain = v."failureDomain", backend = v.backend::"Backend",
      online = true, replica_id = ${replicaId}, boot_id = v."bootId", incarnation_id = v."incarnationId",
      agent_version = v."agentVersion", running_version = v."runningVersion",
      running_sha256 = v."runningSha256", kernel_release = v."kernelRelease",
      handlers = ARRAY(SELECT jsonb_array_elements_text(v.handlers)),
      capabilities = ARRAY(SELECT jsonb_array_elements_text(v.capabilities)), workloads = v.workloads,
      generation = GREATEST(h.generation, v.generation), last_seen_at = clock_timestamp(),
      version = h.version + 1
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS v(
      id uuid, name text, "machineId" text, "streamNumber" bigint, labels jsonb, "failureDomain" text,
      backend text, "bootId" text, "incarnationId" text, "agentVersion" text, "runningVersion" text,
      "runningSha256" text, "kernelRelease" text, handlers jsonb, capabilities jsonb,
      workloads jsonb, generation bigint)
    WHERE h.id = v.id`;
}

/** Incarnations whose place another one has just taken. */
async function rememberReplaced(unit: UnitOfWork, placed: readonly Placed[]): Promise<void> {
  const rows = placed.flatMap(({ id, known, hello }) => {
    const before = known?.streamIncarnation ?? '';
    return before === '' || before === hello.incarnationId ? [] : [{ id, incarnation: before }];
  });
  if (rows.length === 0) return;
  const hostIds = rows.map(({ id }) => id);
  await unit.client.$executeRaw`
    INSERT INTO host_incarnations (host_id, incarnation_id)
    SELECT * FROM unnest(${arrayText(hostIds)}::uuid[], ${arrayText(rows.map(({ incarnation }) => incarnation))}::text[])
    ON CONFLICT DO NOTHING`;
  await unit.client.$executeRaw`
    DELETE FROM host_incarnations WHERE (host_id, incarnation_id) IN (
      SELECT host_id, incarnation_id FROM (
        SELECT host_id, incarnation_id, row_number() OVER (PARTITION BY host_id ORDER BY replaced_at DESC) AS place
        FROM host_incarnations WHERE host_id = ANY(${arrayText(hostIds)}::uuid[])) ranked
      WHERE place > ${INCARNATIONS_KEPT})`;
}

function recordArrival(unit: UnitOfWork, { hello, id, known }: Placed): void {
  const { name, machineId, runningVersion, backend } = hello;
  const data = { hostName: name, machineId, runningVersion, backend };
  if (known === null) {
    const message = `Host ${name} joined the fleet, running ${runningVersion}.`;
    unit.record({ kind: 'host-registered', hostId: id, message, data });
    return;
  }
  if (known.name !== name) {
    const message = `Host ${known.name} is called ${name} now.`;
    unit.record({
      ...{ kind: 'host-renamed', hostId: id, message },
      data: { ...data, before: known.name },
    });
  }
  if (!known.online) {
    const message = `Host ${name} is connected, running ${runningVersion}.`;
    unit.record({ kind: 'host-online', hostId: id, message, data });
  }
}
