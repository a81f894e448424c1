import { z } from 'zod';

/** A name is shorter than this so that it fits a table column, a file name and a DNS label sequence. */
export const NAME_LENGTH_MAX = 100;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** True for text that addresses a thing by id; such text is never a name, so `idOrName` is unambiguous. */
export function isId(text: string): boolean {
  return UUID.test(text);
}

/** Name of a release or rollout. */
export const nameSchema = z
  .string()
  .min(1, 'a name has at least one character')
  .max(NAME_LENGTH_MAX, `a name has at most ${NAME_LENGTH_MAX} characters`)
  .regex(
    /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/,
    'a name has lower-case letters, digits, ".", "_" and "-", and starts and ends with a letter or digit',
  )
  .refine((name) => !isId(name), 'a name must not look like an id (UUID)');

/** An id or a name in a path; anything that is neither can not exist, so it is only bounded here. */
export const idOrNameSchema = z.string().min(1).max(200);

export const idSchema = z.guid();

export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'a sha256 is 64 lower-case hexadecimal digits');

export const labelsSchema = z
  .record(
    z
      .string()
      .regex(
        /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/,
        'a label key has letters, digits, ".", "_", "/" and "-", at most 63',
      ),
    z
      .string()
      .regex(
        /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/,
        'a label value has letters, digits, ".", "_" and "-", at most 63',
      ),
  )
  .refine((labels) => Object.keys(labels).length <= 64, 'at most 64 labels');

/** RFC 3339 in UTC with milliseconds, as every answer writes times. */
export const timestampSchema = z.iso.datetime();

export const reasonSchema = z
  .object({
    code: z.string().describe('Stable upper-case word; programs test this.'),
    detail: z.string().describe('A sentence for people.'),
    errnoCode: z.string().optional().describe('Errno name such as EBUSY.'),
    errno: z.int().optional(),
    subject: z
      .string()
      .optional()
      .describe('What it is about, for example "session kv/file 0x1f".'),
  })
  .meta({ id: 'Reason' });

export type ReasonResponse = z.infer<typeof reasonSchema>;

/** What an operator says about something they do. */
export const whySchema = z
  .string()
  .max(500, 'a reason has at most 500 characters')
  .default('')
  .describe('Why, for people; goes into the events.');
