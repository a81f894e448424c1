import { Prisma } from '../generated/prisma/client';

/** A reason built from the reason columns of table alias `alias`; null when there is none. */
export function reasonColumns(alias: 'hu' | 'f' | 'r' | 'w'): Prisma.Sql {
  const column = (name: string) => Prisma.raw(`${alias}.${name}`);
  const code = column('reason_code');
  switch (alias) {
    case 'hu':
      return Prisma.sql`CASE WHEN ${code} = '' THEN NULL ELSE jsonb_build_object(
        'code', ${code}, 'detail', hu.reason_detail, 'errnoCode', hu.reason_errno, 'subject', hu.reason_subject) END`;
    case 'f':
      return Prisma.sql`CASE WHEN ${code} = '' THEN NULL ELSE jsonb_build_object(
        'code', ${code}, 'detail', f.reason_detail, 'errnoCode', f.errno_code, 'errno', f.errno) END`;
    case 'r':
    case 'w':
      return Prisma.sql`CASE WHEN ${code} = '' THEN NULL ELSE jsonb_build_object(
        'code', ${code}, 'detail', ${column('reason_detail')}) END`;
  }
}
