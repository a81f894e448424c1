import type { UnitOfWork } from '../database/unit-of-work';
import type { Candidate, Introduced, Verdict } from './host-identity';

/** A machine that is refused again and again is told of this often. */
const TOLD_EVERY_MS = 60 * 60_000;
/** Machines that are told of for one host in that time. */
const MACHINES_TOLD_OF_MAX = 20;
/** Hosts somebody was refused for within this time count as an alarm. */
const ALARM_FOR_MS = 10 * 60_000;

/** Counts a refusal, and tells of it unless the same machine was told of lately. The host itself is not disturbed. */
export async function recordRefusal(
  unit: UnitOfWork,
  { name, machineId, bootId }: Introduced,
  { host, code, detail }: Verdict<Candidate> & { kind: 'refused' },
): Promise<void> {
  await unit.client.$executeRaw`
    UPDATE hosts SET refused_at = now(), refusals = refusals + 1,
      contested_at = CASE WHEN ${code === 'IDENTITY_SHARED'} THEN now() ELSE contested_at END
    WHERE id = ${host.id}::uuid`;
  await unit.client.$executeRaw`
    DELETE FROM identity_refusals
    WHERE host_id = ${host.id}::uuid AND told_at < now() - ${TOLD_EVERY_MS} * interval '1 ms'`;
  const machine = machineId === '' ? `boot ${bootId}` : machineId;
  const told = await unit.client.$executeRaw`
    INSERT INTO identity_refusals (host_id, machine)
    SELECT ${host.id}::uuid, ${machine}
    WHERE (SELECT count(*) FROM identity_refusals WHERE host_id = ${host.id}::uuid) < ${MACHINES_TOLD_OF_MAX}
    ON CONFLICT DO NOTHING`;
  if (told === 0) return;
  unit.record({
    kind: 'host-identity-refused',
    hostId: host.id,
    reasonCode: code,
    message: `Host ${host.name}: a machine that says it is ${name} was refused: ${detail}.`,
    data: { hostName: host.name, claimedName: name, machine, enrolledMachine: host.machineId },
  });
}

/** What monitoring wants to know about refusals. */
export interface RefusalCounts {
  readonly total: number;
  /** Hosts somebody was refused for lately. */
  readonly hosts: number;
}

export async function countRefusals(client: UnitOfWork['client']): Promise<RefusalCounts> {
  const [row] = await client.$queryRaw<RefusalCounts[]>`
    SELECT COALESCE(sum(refusals), 0)::float8 AS total,
      (count(*) FILTER (WHERE refused_at > now() - ${ALARM_FOR_MS} * interval '1 ms'))::int AS hosts
    FROM hosts`;
  return row ?? { total: 0, hosts: 0 };
}
