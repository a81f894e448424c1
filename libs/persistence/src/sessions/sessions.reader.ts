import { Prisma } from '../generated/prisma/client';
import { arrayText } from '../database/array-text';
import {
  cursorId,
  cursorMoment,
  decodeCursor,
  invalidCursor,
  isUuid,
  type Slice,
  type SliceRequest,
  sliceOf,
} from '../database/cursor';
import type { Database, Reader } from '../database/database';
import { reasonColumns } from '../database/reason.sql';
import { notFound, resolveId } from '../database/reference';
import type { FileRecord, FileState, SessionRecord, SessionWithFilesRecord } from '../records';

export interface SessionFilter {
  /** Id or name. */
  readonly host?: string | undefined;
  /** Id or name. */
  readonly rollout?: string | undefined;
}

export interface FileFilter extends SessionFilter {
  /** Session id. */
  readonly session?: string | undefined;
  readonly state?: FileState | undefined;
}

const SESSION_SOURCE = Prisma.sql`
  sessions s JOIN hosts h ON h.id = s.host_id JOIN host_updates hu ON hu.id = s.host_update_id
  JOIN rollouts r ON r.id = hu.rollout_id`;

const SESSION_COLUMNS = Prisma.sql`
  s.id, s.name, s.workload, s.host_id AS "hostId", h.name AS "hostName", r.id AS "rolloutId",
  r.name AS "rolloutName", s.host_update_id AS "hostUpdateId", s.attempt, s.state::text AS state, s.assumed,
  (SELECT count(*)::int FROM preserved_files f WHERE f.session_id = s.id) AS "filesTotal",
  s.created_at AS "createdAt", s.updated_at AS "updatedAt"`;

const FILE_COLUMNS = Prisma.sql`
  f.session_id AS "sessionId", s.name AS "sessionName", s.host_id AS "hostId", h.name AS "hostName",
  r.id AS "rolloutId", f.token::text AS token, f.name, f.compatible,
  f.data_handle::text AS "dataHandle", f.state::text AS state, f.assumed, f.size_bytes AS "sizeBytes",
  ${reasonColumns('f')} AS reason, f.updated_at AS "updatedAt"`;

/** A file row as read: u64 columns come as text, so that no digit is lost. */
type FileRow = Omit<FileRecord, 'token' | 'dataHandle'> & { token: string; dataHandle: string };

/** Reads sessions and preserved files as operators see them. */
export class SessionsReader {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async list(request: SliceRequest & SessionFilter): Promise<Slice<SessionRecord>> {
    return this.database.read('list sessions', 'sessions', (client) => this.slice(client, request));
  }

  /** Newest first, each with its files by token. */
  async listWithFiles(
    request: SliceRequest & SessionFilter,
  ): Promise<Slice<SessionWithFilesRecord>> {
    return this.database.read('list sessions', 'sessions', async (client) => {
      const slice = await this.slice(client, request);
      const files = await filesOf(client, slice.items);
      return {
        ...slice,
        items: slice.items.map((session) => ({ ...session, files: files.get(session.id) ?? [] })),
      };
    });
  }

  /** @throws LuofleetError NOT_FOUND */
  async get(id: string): Promise<SessionWithFilesRecord> {
    if (!isUuid(id)) throw notFound('session', id);
    return this.database.read('read session', `session ${id}`, async (client) => {
      const [session] = await client.$queryRaw<SessionRecord[]>`
        SELECT ${SESSION_COLUMNS} FROM ${SESSION_SOURCE} WHERE s.id = ${id}::uuid`;
      if (!session) throw notFound('session', id);
      const files = await filesOf(client, [session]);
      return { ...session, files: files.get(id) ?? [] };
    });
  }

  /** By session, then token. */
  async files(request: SliceRequest & FileFilter): Promise<Slice<FileRecord>> {
    const after = decodeCursor(request.cursor, 2);
    const rows = await this.database.read('list files', 'files', async (client) => {
      const conditions = [await filterCondition(client, request)];
      if (request.session !== undefined)
        conditions.push(Prisma.sql`f.session_id = ${request.session}::uuid`);
      if (request.state !== undefined)
        conditions.push(Prisma.sql`f.state = ${request.state}::"FileState"`);
      if (after)
        conditions.push(
          Prisma.sql`(f.session_id, f.token) > (${cursorId(after[0] ?? '')}::uuid, ${cursorToken(after[1])}::text::numeric)`,
        );
      return client.$queryRaw<FileRow[]>`
        SELECT ${FILE_COLUMNS} FROM preserved_files f JOIN ${SESSION_SOURCE} ON s.id = f.session_id
        WHERE ${Prisma.join(conditions, ' AND ')}
        ORDER BY f.session_id, f.token LIMIT ${request.limit + 1}`;
    });
    return sliceOf(rows.map(fileOf), request.limit, (file) => [
      file.sessionId,
      file.token.toString(),
    ]);
  }

  private async slice(
    client: Reader,
    request: SliceRequest & SessionFilter,
  ): Promise<Slice<SessionRecord>> {
    const after = decodeCursor(request.cursor, 2);
    const conditions = [await filterCondition(client, request)];
    if (after)
      conditions.push(
        Prisma.sql`(s.created_at, s.id) < (${cursorMoment(after[0] ?? '')}::timestamptz, ${cursorId(after[1] ?? '')}::uuid)`,
      );
    const rows = await client.$queryRaw<SessionRecord[]>`
      SELECT ${SESSION_COLUMNS} FROM ${SESSION_SOURCE} WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY s.created_at DESC, s.id DESC LIMIT ${request.limit + 1}`;
    return sliceOf(rows, request.limit, (session) => [session.createdAt.toISOString(), session.id]);
  }
}

async function filterCondition(client: Reader, filter: SessionFilter): Promise<Prisma.Sql> {
  const conditions = [Prisma.sql`TRUE`];
  if (filter.host !== undefined) {
    const hostId = await resolveId(client, 'host', filter.host);
    conditions.push(Prisma.sql`s.host_id = ${hostId}::uuid`);
  }
  if (filter.rollout !== undefined) {
    const rolloutId = await resolveId(client, 'rollout', filter.rollout);
    conditions.push(Prisma.sql`hu.rollout_id = ${rolloutId}::uuid`);
  }
  return Prisma.join(conditions, ' AND ');
}

async function filesOf(
  client: Reader,
  sessions: readonly SessionRecord[],
): Promise<Map<string, FileRecord[]>> {
  const bySession = new Map<string, FileRecord[]>();
  if (sessions.length === 0) return bySession;
  const rows = await client.$queryRaw<FileRow[]>`
    SELECT ${FILE_COLUMNS} FROM preserved_files f JOIN ${SESSION_SOURCE} ON s.id = f.session_id
    WHERE f.session_id = ANY(${arrayText(sessions.map(({ id }) => id))}::uuid[]) ORDER BY f.session_id, f.token`;
  for (const file of rows.map(fileOf)) {
    const files = bySession.get(file.sessionId) ?? [];
    files.push(file);
    bySession.set(file.sessionId, files);
  }
  return bySession;
}

function fileOf(row: FileRow): FileRecord {
  return { ...row, token: BigInt(row.token), dataHandle: BigInt(row.dataHandle) };
}

function cursorToken(text: string | undefined): string {
  if (text === undefined || !/^\d{1,20}$/.test(text)) throw invalidCursor();
  return text;
}
