import { type Refused, storeEach } from '../database/isolation';
import type { UnitOfWork } from '../database/unit-of-work';
import { Prisma } from '../generated/prisma/client';
import { IN_FLIGHT } from '../host-updates/host-update.columns';
import type { FileState, SessionState } from '../records';
import { isEnd, rankOf } from './state-order';

/** A session and its files as an agent last knew them. */
export interface SessionReport {
  readonly name: string;
  readonly workload: string;
  readonly state: SessionState;
  readonly files: readonly FileReport[];
}

export interface FileReport {
  /** u64 */
  readonly token: bigint;
  readonly name: string;
  readonly compatible: string;
  /** u64 */
  readonly dataHandle: bigint;
  readonly state: FileState;
  readonly sizeBytes: bigint;
  readonly reasonCode: string;
  readonly reasonDetail: string;
  readonly errnoCode: string;
  readonly errno: number;
}

export interface SessionOwner {
  readonly hostId: string;
  readonly hostUpdateId: string;
  readonly attempt: number;
}

/** Files written in one statement: more would keep this process busy, and Postgres waiting, for too long in one turn. */
const FILES_AT_ONCE = 2000;

/**
 * Writes all sessions and files of one result, in as few statements as are short. u64 values go through text, exactly. What
 * a report leaves empty (name, compatible) stays as it was, and so does what stands later in the order of states: reports
 * arrive late and in any order. What was assumed gives way to an end that the host reports, to what it says it has
 * retrieved, and to all it reports once its update goes on.
 */
export async function writeSessionReports(
  unit: UnitOfWork,
  owner: SessionOwner,
  reports: readonly SessionReport[],
): Promise<void> {
  const sessions = lastOf(reports, (report) => report.name);
  if (sessions.length === 0) return;
  const files = lastOf(
    sessions.flatMap((session) => session.files.map((file) => ({ session: session.name, file }))),
    ({ session, file }) => `${session}\n${file.token}`,
  );
  for (let from = 0; from === 0 || from < files.length; from += FILES_AT_ONCE)
    await writeAtOnce(unit, owner, sessions, files.slice(from, from + FILES_AT_ONCE));
}

async function writeAtOnce(
  unit: UnitOfWork,
  owner: SessionOwner,
  sessions: readonly SessionReport[],
  files: readonly { readonly session: string; readonly file: FileReport }[],
): Promise<void> {
  const rows = files.map(({ session, file }) => ({ ...file, session }));
  // One text each: arrays of values cost the driver far more, and all of it in one turn.
  await unit.client.$executeRaw`
    WITH written AS (
      INSERT INTO sessions (id, host_id, host_update_id, attempt, name, workload, state, updated_at)
      SELECT gen_random_uuid(), ${owner.hostId}::uuid, ${owner.hostUpdateId}::uuid, ${owner.attempt}::int,
             g.name, g.workload, g.state::"SessionState", now()
      FROM jsonb_to_recordset(${JSON.stringify(
        sessions.map(({ name, workload, state }) => ({ name, workload, state })),
      )}::jsonb) AS g(name text, workload text, state text)
      ON CONFLICT (host_update_id, attempt, name) DO UPDATE SET
        state = CASE WHEN ${tells('sessions', owner)} THEN EXCLUDED.state ELSE sessions.state END,
        assumed = sessions.assumed AND NOT ${tells('sessions', owner)}, updated_at = EXCLUDED.updated_at,
        workload = COALESCE(NULLIF(EXCLUDED.workload, ''), sessions.workload)
      RETURNING id, name)
    INSERT INTO preserved_files (session_id, token, name, compatible, data_handle, state, size_bytes,
                                 reason_code, reason_detail, errno_code, errno, updated_at)
    SELECT w.id, f.token::numeric, f.name, f.compatible, f."dataHandle"::numeric, f.state::"FileState",
           f."sizeBytes"::bigint, f."reasonCode", f."reasonDetail", f."errnoCode", f.errno, now()
    FROM jsonb_to_recordset(${JSON.stringify(rows, bigintsAsText)}::jsonb) AS f(
      session text, token text, name text, compatible text, "dataHandle" text, state text, "sizeBytes" text,
      "reasonCode" text, "reasonDetail" text, "errnoCode" text, errno int)
    JOIN written w ON w.name = f.session
    ON CONFLICT (session_id, token) DO UPDATE SET
      name = COALESCE(NULLIF(EXCLUDED.name, ''), preserved_files.name),
      compatible = COALESCE(NULLIF(EXCLUDED.compatible, ''), preserved_files.compatible),
      data_handle = EXCLUDED.data_handle, state = EXCLUDED.state, size_bytes = EXCLUDED.size_bytes,
      reason_code = EXCLUDED.reason_code, reason_detail = EXCLUDED.reason_detail,
      errno_code = EXCLUDED.errno_code, errno = EXCLUDED.errno, updated_at = EXCLUDED.updated_at, assumed = false
    WHERE ${tells('preserved_files', owner)}`;
}

const bigintsAsText = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

/** Whether what is reported of a row that is there says more than the row does. */
function tells(table: 'sessions' | 'preserved_files', owner: SessionOwner): Prisma.Sql {
  const known = Prisma.raw(table);
  return Prisma.sql`
    CASE WHEN ${known}.assumed THEN ${isEnd(Prisma.sql`EXCLUDED.state`)} OR EXCLUDED.state = 'retrieved' OR EXISTS (
      SELECT FROM host_updates hu WHERE hu.id = ${owner.hostUpdateId}::uuid AND hu.attempt = ${owner.attempt}::int
        AND hu.state = ANY(${IN_FLIGHT}::text[]))
    ELSE ${rankOf(Prisma.sql`EXCLUDED.state`)} >= ${rankOf(Prisma.sql`${known}.state`)} END`;
}

/**
 * The same where a report was refused: sessions and files that can not be stored cost themselves alone. Returns them; a
 * refused session has no files stored.
 */
export async function writeSessionReportsEach(
  unit: UnitOfWork,
  owner: SessionOwner,
  reports: readonly SessionReport[],
): Promise<{
  readonly sessions: Refused<SessionReport>[];
  readonly files: Refused<SessionFile>[];
}> {
  const bare = lastOf(reports, (report) => report.name);
  const sessions = await storeEach(unit, bare, (part) =>
    writeSessionReports(
      unit,
      owner,
      part.map((session) => ({ ...session, files: [] })),
    ),
  );
  const refused = new Set(sessions.map(({ item }) => item));
  const each = bare
    .filter((session) => !refused.has(session))
    .flatMap((session) => session.files.map((file) => ({ session, file })));
  const files = await storeEach(unit, each, (part) => {
    const bySession = new Map<SessionReport, FileReport[]>();
    for (const { session, file } of part)
      bySession.set(session, [...(bySession.get(session) ?? []), file]);
    return writeSessionReports(
      unit,
      owner,
      [...bySession].map(([session, own]) => ({ ...session, files: own })),
    );
  });
  return { sessions, files };
}

/** A file and the session it is in. */
export interface SessionFile {
  readonly session: SessionReport;
  readonly file: FileReport;
}

/** One item for each key, the last one said: a statement may not write the same row twice. */
function lastOf<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
