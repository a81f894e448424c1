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
 * A row that can not be written is set aside, and stays open alone.
 *
 * Ordering: after the host updates were written, in their transaction.
 */
import { Prisma } from '../generated/prisma/client';
import { arrayText } from '../database/array-text';
import { STILL_MATTERS } from '../commands/sendable-commands.store';
import { storeEach } from '../database/isolation';
import type { UnitOfWork } from '../database/unit-of-work';
import { isEnd } from '../sessions/state-order';
import { setAside } from '../set-aside/set-aside.store';
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

export async function settleEndedAttempts(unit: UnitOfWork, which: PerhapsEnded): Promise<void> {
  if (concernsNothing(which)) return;
  const { commands, sessions, files } = partsOf(which);
  await unit.client.$executeRaw`
    WITH voided AS (${commands.settle}), settled AS (${sessions.settle}) ${files.settle}`;
}

/** The same where a row may be refused: it is set aside and stays open, all others are settled. */
export async function settleEndedAttemptsEach(
  unit: UnitOfWork,
  which: PerhapsEnded,
): Promise<void> {
  if (concernsNothing(which)) return;
  if ((await unit.attempt(() => settleEndedAttempts(unit, which))) === null) return;
  for (const { kind, key, rows, settle } of Object.values(partsOf(which))) {
    const open = await unit.client.$queryRaw<OpenRow[]>`
      SELECT ${key} AS subject, hu.host_id AS "hostId", hu.id AS "hostUpdateId", hu.rollout_id AS "rolloutId"
      FROM ${rows}`;
    const refused = await storeEach(unit, open, (part) => {
      const keys = part.map(({ subject }) => subject);
      return unit.client.$executeRaw`${settle} AND ${key} = ANY(${arrayText(keys)}::text[])`;
    });
    await setAside(
      unit,
      refused.map(({ item: { subject, ...about }, why }) => ({
        ...{ kind, subject: `${subject} end`, ...about, why, content: { ended: true } },
        what: `the end of ${kind} ${subject}`,
      })),
    );
  }
}

interface OpenRow {
  readonly subject: string;
  readonly hostId: string;
  readonly hostUpdateId: string;
  readonly rolloutId: string;
}

interface Part {
  readonly kind: 'command' | 'session' | 'file';
  /** What tells a row from others. */
  readonly key: Prisma.Sql;
  /** Those that have to be settled, as what follows FROM. */
  readonly rows: Prisma.Sql;
  readonly settle: Prisma.Sql;
}

const concernsNothing = ({ hostUpdateIds, hostIds = [] }: PerhapsEnded): boolean =>
  hostUpdateIds.length === 0 && hostIds.length === 0;

function partsOf({
  hostUpdateIds,
  hostIds = [],
}: PerhapsEnded): Record<'commands' | 'sessions' | 'files', Part> {
  const updates = Prisma.sql`
    host_updates hu JOIN rollouts r ON r.id = hu.rollout_id
    WHERE (hu.id = ANY(${arrayText(hostUpdateIds)}::uuid[]) OR hu.host_id = ANY(${arrayText(hostIds)}::uuid[]))`;
  const commands = Prisma.sql`${updates} AND c.host_update_id = hu.id AND ${OPEN_COMMAND}
    AND (c.attempt < hu.attempt OR ${OVER}) AND NOT (${STILL_MATTERS})`;
  const sessions = Prisma.sql`${updates} AND s.host_update_id = hu.id AND ${settles(SESSION)}`;
  const files = Prisma.sql`sessions s, ${updates} AND s.host_update_id = hu.id AND s.id = f.session_id
    AND ${settles(FILE)}`;
  return {
    commands: {
      kind: 'command',
      key: Prisma.sql`c.idempotency_key`,
      rows: Prisma.sql`commands c, ${commands}`,
      settle: Prisma.sql`
        UPDATE commands c SET state = 'voided', reason_code = 'UPDATE_ENDED',
          reason_detail = 'attempt ' || c.attempt || ' ended (' || hu.state || ') before the host answered'
        FROM ${commands}`,
    },
    sessions: {
      kind: 'session',
      key: Prisma.sql`s.id::text`,
      rows: Prisma.sql`sessions s, ${sessions}`,
      settle: Prisma.sql`
        UPDATE sessions s SET state = (${implied(SESSION)})::"SessionState", assumed = true, updated_at = now()
        FROM ${sessions}`,
    },
    files: {
      kind: 'file',
      key: Prisma.sql`(f.session_id || ' ' || f.token)`,
      rows: Prisma.sql`preserved_files f, ${files}`,
      settle: Prisma.sql`
        UPDATE preserved_files f SET state = (${implied(FILE)})::"FileState", assumed = true, updated_at = now(),
          reason_code = 'UPDATE_ENDED',
          reason_detail = 'attempt ' || s.attempt || ' ended before the host said what became of the file; the host update is ' || hu.state
        FROM ${files}`,
    },
  };
}

/** Whether the session or file in these columns has to be settled. */
function settles(row: Prisma.Sql): Prisma.Sql {
  const open = Prisma.sql`NOT ${isEnd(Prisma.sql`${row}.state`)}`;
  return Prisma.sql`CASE
    WHEN s.attempt < hu.attempt OR hu.state = 'pending' THEN ${open}
    ELSE ${OVER} AND (${open} OR ${row}.assumed AND ${row}.state::text <> ${implied(row)}) END`;
}
