import type { Requirement } from '@luofleet/contracts';
import { Prisma } from '../generated/prisma/client';

/** Condition on `hosts h` that holds for the hosts a label selector matches. */
export function selectorCondition(requirements: readonly Requirement[]): Prisma.Sql {
  if (requirements.length === 0) return Prisma.sql`TRUE`;
  return Prisma.join(requirements.map(condition), ' AND ');
}

function condition(requirement: Requirement): Prisma.Sql {
  const { key } = requirement;
  switch (requirement.kind) {
    case 'in':
      return Prisma.sql`h.labels ->> ${key}::text = ANY(${[...requirement.values]}::text[])`;
    case 'not-in':
      return Prisma.sql`(h.labels ->> ${key}::text = ANY(${[...requirement.values]}::text[])) IS NOT TRUE`;
    case 'exists':
      return Prisma.sql`jsonb_exists(h.labels, ${key}::text)`;
    case 'absent':
      return Prisma.sql`NOT jsonb_exists(h.labels, ${key}::text)`;
  }
}
