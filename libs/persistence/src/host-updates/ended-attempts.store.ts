/**
 * DOC: the end of an attempt
 *
 * Purpose: no attempt that is over keeps an open command, session or file.
 *
 * Happy path: agents have reported every end; nothing is left to settle.
 *
 * Unhappy paths: a command was not answered: it is voided; its late result still counts as the host's word. A session
 * or file was not reported as ended: it is taken for what the host update's end implies, marked as assumed, with the
 * reason; the host's own word replaces it whenever it comes. An update that was lost and is asked again keeps what it is
 * asked, until it is retried, its host is decommissioned, or another update begins there. An update that ends anew, since
 * it was believed after all: what was assumed is judged anew, too.
 *
 * Ordering: after the host updates were written, in their transaction.
 */
import { Prisma } from '../generated/prisma/client';
import { STILL_MATTERS } from '../commands/sendable-commands.store';
import type { UnitOfWork } from '../database/unit-of-work';
import { isEnd } from '../sessions/state-order';
import { IN_FLIGHT } from './host-update.columns';

/** Which host updates to look at; those that are under way lose nothing but what is left of earlier attempts. */
export interface PerhapsEnded {
  readonly hostUpdateIds: readonly string[];
  /** All host updates of these hosts. */
  readonly hostIds?: readonly string[];
}

const OPEN_COMMAND = Prisma.sql`c.state IN ('queued', 'sent', 'accepted')`;
const OVER = Prisma.sql`NOT hu.state = ANY(${IN_FLIGHT}::text[])`;

/**
 * What became of the session or file in these columns. Of an earlier attempt nothing is known by now, unless it was
 * settled when it ended. Where the host has said how the update failed, what it had retrieved is in its workload's hands.
 */
const implied = (row: Prisma.Sql): Prisma.Sql => Prisma.sql`
  CASE WHEN s.attempt < hu.attempt THEN 'lost'
    WHEN hu.state = 'succeeded' THEN 'finished'
    WHEN hu.state = 'rolled-back' THEN 'unpreserved'
    WHEN hu.state IN ('failed', 'lost-state') AND ${row}.state IN ('retrieved', 'finished') THEN 'finished'
    ELSE 'lost' END`;

const SESSION = Prisma.sql`s`;
const FILE = Prisma.sql`f`;

export async function settleEndedAttempts(
  unit: UnitOfWork,
  { hostUpdateIds, hostIds = [] }: PerhapsEnded,
): Promise<void> {
  if (hostUpdateIds.length === 0 && hostIds.length === 0) return;
  const updates = Prisma.sql`
    host_updates hu JOIN rollouts r ON r.id = hu.rollout_id
    WHERE (hu.id = ANY(${[...hostUpdateIds]}::uuid[]) OR hu.host_id = ANY(${[...hostIds]}::uuid[]))`;
  await unit.client.$executeRaw`
    WITH voided AS (
      UPDATE commands c SET state = 'voided', reason_code = 'UPDATE_ENDED',
        reason_detail = 'attempt ' || c.attempt || ' ended (' || hu.state || ') before the host answered'
      FROM ${updates} AND c.host_update_id = hu.id AND ${OPEN_COMMAND}
        AND (c.attempt < hu.attempt OR ${OVER}) AND NOT (${STILL_MATTERS})),
    settled AS (
      UPDATE sessions s SET state = (${implied(SESSION)})::"SessionState", assumed = true, updated_at = now()
      FROM ${updates} AND s.host_update_id = hu.id AND ${settles(SESSION)})
    UPDATE preserved_files f SET state = (${implied(FILE)})::"FileState", assumed = true, updated_at = now(),
      reason_code = 'UPDATE_ENDED',
      reason_detail = 'attempt ' || s.attempt || ' ended before the host said what became of the file; the host update is ' || hu.state
    FROM sessions s, ${updates} AND s.host_update_id = hu.id AND s.id = f.session_id AND ${settles(FILE)}`;
}

/** Whether the session or file in these columns has to be settled. */
function settles(row: Prisma.Sql): Prisma.Sql {
  const open = Prisma.sql`NOT ${isEnd(Prisma.sql`${row}.state`)}`;
  return Prisma.sql`CASE
    WHEN s.attempt < hu.attempt OR hu.state = 'pending' THEN ${open}
    ELSE ${OVER} AND (${open} OR ${row}.assumed AND ${row}.state::text <> ${implied(row)}) END`;
}
