import { z } from 'zod';
import { closedObject } from '../request/closed-object';
import { idOrNameSchema, idSchema, reasonSchema, timestampSchema } from '../text/names.schema';
import { U64_PATTERN } from '../text/u64';
import { addedLater } from './added-later';
import { pageOf, pageQueryShape } from './page.schema';
import { FILE_STATES, SESSION_STATES } from '../words/states';

const assumedSchema = addedLater(
  z
    .boolean()
    .describe(
      'The state is what the end of the host update let the control plane conclude; the host has not said so.',
    ),
  false,
);

const u64Schema = z.string().regex(U64_PATTERN).describe('u64 as 0x… text, exact.');

export const fileSchema = z
  .object({
    sessionId: idSchema,
    sessionName: z.string(),
    hostId: idSchema,
    hostName: z.string(),
    rolloutId: idSchema,
    token: u64Schema,
    name: z.string(),
    compatible: z.string(),
    dataHandle: u64Schema,
    state: z.enum(FILE_STATES),
    assumed: assumedSchema,
    sizeBytes: z.int(),
    reason: reasonSchema.nullable(),
    updatedAt: timestampSchema,
  })
  .meta({ id: 'PreservedFile' });

export const sessionSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    workload: z.string(),
    hostId: idSchema,
    hostName: z.string(),
    rolloutId: idSchema,
    rolloutName: z.string(),
    hostUpdateId: idSchema,
    attempt: z.int(),
    state: z.enum(SESSION_STATES),
    assumed: assumedSchema,
    filesTotal: z.int(),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: 'Session' });

export const sessionWithFilesSchema = sessionSchema
  .extend({ files: z.array(fileSchema) })
  .meta({ id: 'SessionWithFiles' });

export type PreservedFileResponse = z.infer<typeof fileSchema>;
export type SessionResponse = z.infer<typeof sessionSchema>;
export type SessionWithFilesResponse = z.infer<typeof sessionWithFilesSchema>;

export const filePageSchema = pageOf(fileSchema, 'PreservedFilePage');
export const sessionPageSchema = pageOf(sessionSchema, 'SessionPage');
export const sessionWithFilesPageSchema = pageOf(sessionWithFilesSchema, 'SessionWithFilesPage');

export const sessionsQuerySchema = closedObject({
  ...pageQueryShape,
  host: idOrNameSchema.optional(),
  rollout: idOrNameSchema.optional(),
});

export const filesQuerySchema = closedObject({
  ...pageQueryShape,
  session: idSchema.optional(),
  host: idOrNameSchema.optional(),
  rollout: idOrNameSchema.optional(),
  state: z.enum(FILE_STATES).optional(),
});
