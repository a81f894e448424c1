import { LuofleetError } from '@luofleet/platform';
import { Prisma } from '../generated/prisma/client';
import type { Reader } from './database';
import { isUuid } from './cursor';

/** What a name or id in a request refers to. */
export type Referent = 'host' | 'release' | 'rollout';

/** Where clause for "this id or this name"; a name may look like an id, so both are tried. */
export function byIdOrName(reference: string) {
  return isUuid(reference)
    ? { OR: [{ id: reference }, { name: reference }] }
    : { OR: [{ name: reference }] };
}

export function notFound(what: string, reference: string): LuofleetError {
  return new LuofleetError({
    code: 'NOT_FOUND',
    operation: `find ${what}`,
    subject: `${what} ${reference}`,
    detail: `There is no ${what} ${reference}; list them to see which there are.`,
  });
}

/**
 * The id of what is called so.
 * @throws LuofleetError NOT_FOUND
 */
export async function resolveId(
  client: Reader,
  what: Referent,
  reference: string,
): Promise<string> {
  const query = { where: byIdOrName(reference), select: { id: true } };
  const found = await {
    host: () => findHost(client, reference),
    release: () => client.release.findFirst(query),
    rollout: () => client.rollout.findFirst(query),
  }[what]();
  if (!found) throw notFound(what, reference);
  return found.id;
}

/** `hosts h` called so, the one that is meant first: an id, then the host of the fleet, then the newest that left it. */
export function hostsCalled(reference: string): Prisma.Sql {
  const id = isUuid(reference) ? reference : null;
  return Prisma.sql`(h.name = ${reference.toLowerCase()} OR h.id = ${id}::uuid)
    ORDER BY (h.id = ${id}::uuid) DESC NULLS LAST, h.decommissioned_at DESC NULLS FIRST LIMIT 1`;
}

async function findHost(client: Reader, reference: string): Promise<{ id: string } | undefined> {
  const [host] = await client.$queryRaw<{ id: string }[]>`
    SELECT h.id FROM hosts h WHERE ${hostsCalled(reference)}`;
  return host;
}
