import { z } from 'zod';
import { closedObject } from '../request/closed-object';
import { idOrNameSchema, idSchema, timestampSchema } from '../text/names.schema';
import { addedLater } from './added-later';
import { wholeNumberSchema } from '../text/whole-number.schema';
import { limitSchema } from './page.schema';

export const eventSchema = z
  .object({
    sequence: z.int().describe('Grows with every event; the order in which things were recorded.'),
    at: timestampSchema,
    kind: z.string(),
    rolloutId: idSchema.nullable(),
    hostId: idSchema.nullable(),
    hostUpdateId: idSchema.nullable(),
    reasonCode: z.string(),
    message: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });

export type EventResponse = z.infer<typeof eventSchema>;

/** More events may exist whenever `items` is full. */
export const eventPageSchema = z
  .object({
    items: z.array(eventSchema),
    nextAfter: z
      .int()
      .describe('Goes into `after` of the next request for later events: the highest sequence.'),
    nextBefore: z
      .int()
      .nullable()
      .describe(
        'Newest first: goes into `before` of the next request; null when `items` was not full.',
      ),
    cursor: addedLater(
      z
        .string()
        .describe(
          '`nextAfter`, bound to the life of the database. As `after` of a later request it is answered with 410 once the database is another one.',
        ),
      '',
    ),
  })
  .meta({ id: 'EventPage' });
export type EventPageResponse = z.infer<typeof eventPageSchema>;

const afterSchema = z
  .string()
  .regex(/^\d{1,18}(\.\d{1,20})?$/, 'after is a sequence number or a cursor')
  .describe(
    'A sequence number already seen, or the `cursor` of a page or `id` of a stream. 410 when it is not of this database.',
  );

const eventFilterShape = {
  rollout: idOrNameSchema.optional(),
  host: idOrNameSchema.optional(),
};

export const eventsQuerySchema = closedObject({
  ...eventFilterShape,
  after: afterSchema.default('0'),
  before: wholeNumberSchema({
    ...{ min: 0, max: Number.MAX_SAFE_INTEGER },
    message: 'before is a sequence number',
  })
    .optional()
    .describe('Only events with a lower sequence number.'),
  order: z
    .enum(['asc', 'desc'], { error: 'order is asc or desc' })
    .default('asc')
    .describe('`desc`: newest first.'),
  limit: limitSchema,
});

export const eventStreamQuerySchema = closedObject({
  ...eventFilterShape,
  after: afterSchema
    .optional()
    .describe('As for the list; without it the stream starts with what happens next.'),
});
