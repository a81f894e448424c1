import { z } from 'zod';
import { closedObject } from '../request/closed-object';
import { plainTextSchema } from '../text/plain-text.schema';
import { wholeNumberSchema } from '../text/whole-number.schema';

/** Items in a page when `limit` is absent, and at most: a page stays under a few hundred kilobytes. */
export const PAGE_LIMIT_DEFAULT = 100;
export const PAGE_LIMIT_MAX = 500;

/** One page of a list. `nextCursor` is null on the last page; cursors are opaque. */
export const pageOf = <Item extends z.ZodType>(item: Item, id: string) =>
  z.object({ items: z.array(item), nextCursor: z.string().min(1).nullable() }).meta({ id });

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export const limitSchema = wholeNumberSchema({
  ...{ min: 1, max: PAGE_LIMIT_MAX },
  message: `limit is a whole number from 1 to ${PAGE_LIMIT_MAX}`,
})
  .default(PAGE_LIMIT_DEFAULT)
  .describe(`${PAGE_LIMIT_DEFAULT} when absent.`);

export const pageQueryShape = {
  limit: limitSchema,
  cursor: plainTextSchema({ min: 1, max: 500 })
    .optional()
    .describe('`nextCursor` of the page before.'),
};

export const pageQuerySchema = closedObject(pageQueryShape);
