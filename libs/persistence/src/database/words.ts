import { Prisma } from '../generated/prisma/client';

/** Words of this program, never of anybody else, for `IN (…)`. */
export const wordsOf = (words: readonly string[]): Prisma.Sql =>
  Prisma.raw(words.map((word) => `'${word}'`).join(', '));
