import { capabilitiesFor, RELEASE_KINDS } from '@luofleet/rollout';
import { arrayText } from '../database/array-text';
import { Prisma } from '../generated/prisma/client';

/**
 * What the agent of host `h` lacks for an update to a release of this kind. Nothing where that is not known, before
 * the host's next hello.
 */
export function lackedBy(kind: Prisma.Sql): Prisma.Sql {
  const cases = RELEASE_KINDS.map(
    (one) => Prisma.sql`WHEN ${one} THEN ${arrayText(capabilitiesFor(one))}::text[]`,
  );
  const needed = Prisma.sql`CASE ${kind} ${Prisma.join(cases, ' ')} END`;
  return Prisma.sql`
    CASE WHEN h.capabilities = '{}' OR h.capabilities @> ${needed} THEN '{}'::text[]
      ELSE ARRAY(SELECT unnest(${needed}) EXCEPT SELECT unnest(h.capabilities) ORDER BY 1) END`;
}
