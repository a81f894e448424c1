import { z } from 'zod';
import { idOrNameSchema, idSchema, timestampSchema } from '../text/names.schema';
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

/** `nextAfter` goes into `after` of the next request; more events may exist whenever `items` is full. */
export const eventPageSchema = z
  .object({ items: z.array(eventSchema), nextAfter: z.int() })
  .meta({ id: 'EventPage' });
export type EventPageResponse = z.infer<typeof eventPageSchema>;

const sequenceSchema = z.coerce
  .number({ error: 'after is a sequence number' })
  .int('after is a sequence number')
  .min(0)
  .max(Number.MAX_SAFE_INTEGER);

const eventFilterShape = {
  rollout: idOrNameSchema.optional(),
  host: idOrNameSchema.optional(),
};

export const eventsQuerySchema = z.strictObject({
  ...eventFilterShape,
  after: sequenceSchema.default(0).describe('Last sequence number already seen.'),
  limit: limitSchema,
});
export type EventsQuery = z.output<typeof eventsQuerySchema>;

export const eventStreamQuerySchema = z.strictObject({
  ...eventFilterShape,
  after: sequenceSchema
    .optional()
    .describe(
      'Last sequence number already seen; without it the stream starts with what happens next.',
    ),
});
export type EventStreamQuery = z.output<typeof eventStreamQuerySchema>;
