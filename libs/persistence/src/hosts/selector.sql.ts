import type { SelectorRequirement } from '@luofleet/rollout';
import { Prisma } from '../generated/prisma/client';

/** Condition on `hosts h` that holds for the hosts a label selector matches; the key `name` means the host's name. */
export function selectorCondition(requirements: readonly SelectorRequirement[]): Prisma.Sql {
  if (requirements.length === 0) return Prisma.sql`TRUE`;
  return Prisma.join(requirements.map(condition), ' AND ');
}

function condition({ key, operator, values }: SelectorRequirement): Prisma.Sql {
  if (key === 'name') values = values.map((name) => name.toLowerCase());
  const value = key === 'name' ? Prisma.sql`h.name` : Prisma.sql`(h.labels ->> ${key}::text)`;
  switch (operator) {
    case 'in':
      return Prisma.sql`${value} = ANY(${[...values]}::text[])`;
    case 'notin':
      return Prisma.sql`(${value} = ANY(${[...values]}::text[])) IS NOT TRUE`;
    case 'exists':
      return Prisma.sql`${value} IS NOT NULL`;
    case 'absent':
      return Prisma.sql`${value} IS NULL`;
  }
}
