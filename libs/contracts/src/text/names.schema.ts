import { LABELS_MAX, labelFault } from '@luofleet/rollout';
import { z } from 'zod';
import { plainTextSchema } from './plain-text.schema';

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

/** Name of a host, as its agent is configured and as the control plane takes it. */
export const hostNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/,
    'must be 1 to 253 letters, digits, ".", "_" and "-", and start and end with a letter or digit',
  );

/** An id or a name in a path; anything that is neither can not exist, so it is only plain and bounded here. */
export const idOrNameSchema = plainTextSchema({ min: 1, max: 255 });

export const idSchema = z.guid();

export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'a sha256 is 64 lower-case hexadecimal digits');

/** Labels of a host or a release, by the rule that selectors go by. */
export const labelsSchema = z
  .record(plainTextSchema({ max: 63 }), plainTextSchema({ max: 63 }))
  .superRefine((labels, context) => {
    const all = Object.entries(labels);
    if (all.length > LABELS_MAX)
      context.addIssue({ code: 'custom', message: `at most ${LABELS_MAX} labels` });
    for (const [key, value] of all.slice(0, LABELS_MAX)) {
      const message = labelFault(key, value);
      if (message !== null) context.addIssue({ code: 'custom', path: [key], message });
    }
  })
  .describe(`At most ${LABELS_MAX} labels, by the rule of selectors.`);

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
export const whySchema = plainTextSchema({ max: 500 })
  .default('')
  .describe('Why, for people; goes into the events.');
