import { COMMAND_PHASES, isBeforePointOfNoReturn, PHASES } from '@luofleet/rollout';
import { arrayText } from '../database/array-text';
import { Prisma } from '../generated/prisma/client';
import type { Database, Reader } from '../database/database';
import { asUnstorable } from '../database/database-error';
import { storeEach } from '../database/isolation';
import { wordsOf } from '../database/words';
import { setAside } from '../set-aside/set-aside.store';
import type { SendableCommand } from './commands.store';

const UNDOABLE = wordsOf(PHASES.filter(isBeforePointOfNoReturn));

/**
 * Commands that still matter: of the attempt that runs. An update that is undone, or was given up while it was, is
 * told only the undo; an agent that missed the earlier commands must not start them now. One that was given up in
 * finish or verify is asked for that again: nothing is at stake there any more, and the machine takes the answer.
 * Unless another update has begun on the host since: its agent refuses commands of older generations. Once an abort is
 * stored, nothing but the undo goes to a host that has not begun to reboot, also while the planner has yet to say so.
 */
export const STILL_MATTERS = Prisma.sql`
  c.attempt = hu.attempt AND CASE
    WHEN hu.state = 'lost' THEN
      (c.phase = 'rollback' OR (hu.phase IN ('finish', 'verify') AND c.phase = hu.phase))
      AND EXISTS (SELECT FROM hosts fleet WHERE fleet.id = c.host_id
        AND fleet.generation = c.generation AND fleet.decommissioned_at IS NULL)
    WHEN c.phase = 'rollback' THEN hu.state = 'rolling-back'
    ELSE hu.state IN ('running', 'held')
      AND NOT (r.state IN ('aborting', 'aborted') AND hu.phase IN (${UNDOABLE})) END`;

const TOLD = Prisma.sql`
  c.idempotency_key AS "idempotencyKey", c.host_update_id AS "hostUpdateId", c.host_id AS "hostId", c.phase,
  c.attempt, c.generation, c.after_key AS "afterKey", c.timeout_ms AS "timeoutMs", c.soak_ms AS "soakMs",
  hu.rollout_id AS "rolloutId", jsonb_build_object(
    'id', rel.id, 'name', rel.name, 'kind', rel.kind, 'version', rel.release_version,
    'imageUri', rel.image_uri, 'imageSha256', rel.image_sha256, 'handlers', rel.handlers,
    'kernelCommandLine', rel.kernel_command_line, 'initrdUri', rel.initrd_uri,
    'initrdSha256', rel.initrd_sha256, 'luoAbi', rel.luo_abi,
    'imageSizeBytes', rel.image_size_bytes, 'initrdSizeBytes', rel.initrd_size_bytes, 'labels', rel.labels,
    'createdAt', rel.created_at) AS release`;

const heldBy = (replicaId: string): Prisma.Sql =>
  Prisma.sql`EXISTS (SELECT FROM hosts h WHERE h.id = c.host_id AND h.replica_id = ${replicaId})`;

const UPDATES = Prisma.sql`host_updates hu JOIN rollouts r ON r.id = hu.rollout_id`;
const JOINS = Prisma.sql`
  JOIN rollouts r ON r.id = hu.rollout_id JOIN releases rel ON rel.id = r.release_id`;

/**
 * Takes the commands of these hosts that nobody has been told about, marked as sent: whoever takes them sends them.
 * Should that fail, they are sent again when the host says hello. Hosts whose stream is not `replicaId`'s are left out:
 * what is left of a stream there leads nowhere, and the host has said its hello elsewhere.
 */
export async function takeQueuedCommands(
  database: Database,
  hostIds: readonly string[],
  replicaId: string,
): Promise<SendableCommand[]> {
  if (hostIds.length === 0) return [];
  const queued = Prisma.sql`c.host_id = ANY(${arrayText(hostIds)}::uuid[]) AND c.state = 'queued'
    AND hu.id = c.host_update_id AND ${STILL_MATTERS}
    AND ${heldBy(replicaId)}`;
  const take = (client: Reader, those: Prisma.Sql) => client.$queryRaw<SendableCommand[]>`
    WITH taken AS (
      UPDATE commands c SET state = 'sent', sent_at = now() FROM ${UPDATES} WHERE ${those} RETURNING c.*)
    SELECT ${TOLD} FROM taken c JOIN host_updates hu ON hu.id = c.host_update_id ${JOINS}`;
  const taken = await database
    .read('take commands', 'commands', (client) => take(client, queued))
    .catch((error: unknown) => takeEach(database, error, queued, take));
  return taken.sort(inOrder);
}

/** The same where one of them can not be marked as sent: it is set aside, and the others are taken. */
async function takeEach<Taken>(
  database: Database,
  error: unknown,
  queued: Prisma.Sql,
  take: (client: Reader, those: Prisma.Sql) => Promise<readonly Taken[]>,
): Promise<Taken[]> {
  if (asUnstorable(error) === null) throw error;
  return database.transaction('take commands', 'commands', async (unit) => {
    const found = await unit.client.$queryRaw<
      { key: string; hostId: string; hostUpdateId: string; rolloutId: string }[]
    >`
      SELECT c.idempotency_key AS key, c.host_id AS "hostId", hu.id AS "hostUpdateId", hu.rollout_id AS "rolloutId"
      FROM commands c, ${UPDATES} WHERE ${queued}`;
    const taken: Taken[] = [];
    const refused = await storeEach(unit, found, async (part) => {
      const keys = part.map(({ key }) => key);
      const those = Prisma.sql`${queued} AND c.idempotency_key = ANY(${arrayText(keys)}::text[])`;
      taken.push(...(await take(unit.client, those)));
    });
    await setAside(
      unit,
      refused.map(({ item: { key, ...about }, why }) => ({
        ...{ kind: 'command', subject: `${key} sent`, ...about, why, content: { state: 'sent' } },
        what: `that command ${key} is sent`,
      })),
    );
    return taken;
  });
}

/** Every open command of a host that has just said hello to `replicaId`, marked as sent; none if it has left it by now. */
export async function takeOpenCommands(
  database: Database,
  hostId: string,
  replicaId: string,
): Promise<SendableCommand[]> {
  const here = heldBy(replicaId);
  const queued = Prisma.sql`c.host_id = ${hostId}::uuid AND c.state = 'queued' AND hu.id = c.host_update_id
    AND ${STILL_MATTERS} AND ${here}`;
  const mark = async (client: Reader, those: Prisma.Sql): Promise<never[]> => {
    await client.$executeRaw`
      UPDATE commands c SET state = 'sent', sent_at = now() FROM ${UPDATES} WHERE ${those}`;
    return [];
  };
  await database
    .read('take commands', `host ${hostId}`, (client) => mark(client, queued))
    .catch((error: unknown) => takeEach(database, error, queued, mark));
  const taken = await database.read('take commands', `host ${hostId}`, (client) => {
    return client.$queryRaw<SendableCommand[]>`
      SELECT ${TOLD} FROM commands c JOIN host_updates hu ON hu.id = c.host_update_id ${JOINS}
      WHERE c.host_id = ${hostId}::uuid AND c.state IN ('sent', 'accepted') AND ${STILL_MATTERS}
        AND ${here}`;
  });
  return taken.sort(inOrder);
}

/** Online hosts, of all replicas or one, with commands that nobody has been told about. */
export async function hostsWithQueuedCommands(
  database: Database,
  limit: number,
  replicaId?: string,
): Promise<string[]> {
  const here = replicaId === undefined ? Prisma.sql`TRUE` : Prisma.sql`h.replica_id = ${replicaId}`;
  const rows = await database.read('find unsent commands', 'commands', (client) => {
    return client.$queryRaw<{ hostId: string }[]>`
      SELECT DISTINCT c.host_id AS "hostId"
      FROM commands c JOIN hosts h ON h.id = c.host_id JOIN host_updates hu ON hu.id = c.host_update_id
        JOIN rollouts r ON r.id = hu.rollout_id
      WHERE c.state = 'queued' AND h.online AND ${here} AND ${STILL_MATTERS} LIMIT ${limit}`;
  });
  return rows.map(({ hostId }) => hostId);
}

const ORDER: readonly string[] = COMMAND_PHASES;

/** Commands issued together go out in the order of their phases. */
function inOrder(a: SendableCommand, b: SendableCommand): number {
  return ORDER.indexOf(a.phase) - ORDER.indexOf(b.phase);
}
