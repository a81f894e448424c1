import { LuofleetError } from '@luofleet/platform';
import type { Prisma, Release } from '../generated/prisma/client';
import {
  cursorId,
  cursorMoment,
  decodeCursor,
  type Slice,
  type SliceRequest,
  sliceOf,
} from '../database/cursor';
import type { Database } from '../database/database';
import { isUniqueViolation } from '../database/database-error';
import { byIdOrName, notFound } from '../database/reference';
import type { Labels, ReleaseRecord } from '../records';

type Sizes = Pick<ReleaseRecord, 'imageSizeBytes' | 'initrdSizeBytes'>;
export type NewRelease = Omit<ReleaseRecord, 'id' | 'createdAt' | keyof Sizes> & Partial<Sizes>;

/** Releases are registered once and never changed. */
export class ReleasesRepository {
  constructor(private readonly database: Database) {}

  /** @throws LuofleetError ALREADY_EXISTS when the name is taken */
  async create(release: NewRelease): Promise<ReleaseRecord> {
    const subject = `release ${release.name}`;
    return this.database.transaction('register release', subject, async (unit) => {
      const { version, ...columns } = release;
      const data = {
        ...columns,
        releaseVersion: version,
        handlers: [...release.handlers],
        labels: release.labels,
      } satisfies Prisma.ReleaseCreateInput;
      try {
        const created = recordOf(await unit.client.release.create({ data }));
        unit.record({
          kind: 'release-registered',
          message: `Release ${created.name} (version ${created.version}) was registered.`,
          data: { releaseId: created.id, version: created.version },
        });
        return created;
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        throw new LuofleetError({
          code: 'ALREADY_EXISTS',
          operation: 'register release',
          subject,
          detail: `There is a release ${release.name} already; releases are never changed, so use another name.`,
          issues: [{ path: 'name', message: 'is taken' }],
          cause: error,
        });
      }
    });
  }

  /** Newest first. */
  async list(request: SliceRequest): Promise<Slice<ReleaseRecord>> {
    const after = decodeCursor(request.cursor, 2);
    const rows = await this.database.read('list releases', 'releases', (client) =>
      client.release.findMany({
        ...(after && { where: olderThan(cursorMoment(after[0] ?? ''), cursorId(after[1] ?? '')) }),
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: request.limit + 1,
      }),
    );
    return sliceOf(rows.map(recordOf), request.limit, (release) => [
      release.createdAt.toISOString(),
      release.id,
    ]);
  }

  /** @throws LuofleetError NOT_FOUND */
  async get(idOrName: string): Promise<ReleaseRecord> {
    const found = await this.database.read('read release', `release ${idOrName}`, (client) =>
      client.release.findFirst({ where: byIdOrName(idOrName) }),
    );
    if (!found) throw notFound('release', idOrName);
    return recordOf(found);
  }
}

function olderThan(createdAt: Date, id: string) {
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] };
}

function recordOf({ releaseVersion, labels, ...release }: Release): ReleaseRecord {
  return {
    ...release,
    version: releaseVersion,
    labels: labels as Labels,
    imageSizeBytes: Number(release.imageSizeBytes),
    initrdSizeBytes: Number(release.initrdSizeBytes),
  };
}
