import { z } from 'zod';
import { closedObject } from '../request/closed-object';
import {
  idSchema,
  labelsSchema,
  nameSchema,
  sha256Schema,
  timestampSchema,
} from '../text/names.schema';
import { plainTextSchema } from '../text/plain-text.schema';
import { addedLater } from './added-later';
import { pageOf } from './page.schema';
import { RELEASE_KINDS } from '../words/states';

/** Address an agent can fetch from; its content is checked by digest, so plain http is allowed. */
const imageUriSchema = plainTextSchema({ max: 2000 }).regex(
  /^(file:\/\/\/|https?:\/\/[^/\s])\S*$/,
  'an image address starts with file:///, http:// or https://',
);

const handlersSchema = z
  .array(plainTextSchema({ min: 1, max: 48 }))
  .max(256)
  .refine((handlers) => new Set(handlers).size === handlers.length, 'a handler is named twice');

const IMAGE_BYTES_MAX = 2 ** 40;
const sizeBytesSchema = z.int().min(0).max(IMAGE_BYTES_MAX).default(0);

const releaseFields = {
  name: nameSchema,
  kind: z.enum(RELEASE_KINDS),
  version: plainTextSchema({ min: 1, max: 200 }).describe(
    'What a host reports once it runs this release.',
  ),
  imageUri: imageUriSchema,
  imageSha256: sha256Schema,
  handlers: handlersSchema
    .default([])
    .describe('Compatible strings of the file handlers that this release can restore.'),
  kernelCommandLine: plainTextSchema({ max: 4000 }).default(''),
  initrdUri: imageUriSchema.or(z.literal('')).default(''),
  initrdSha256: sha256Schema.or(z.literal('')).default(''),
  luoAbi: plainTextSchema({ max: 48 }).default('').describe('LUO ABI string of the next kernel.'),
  imageSizeBytes: sizeBytesSchema.describe(
    'Size of the image; a host fetches no more. 0: not stated, then the limit of the host holds.',
  ),
  initrdSizeBytes: sizeBytesSchema.describe('Size of the initrd; 0: not stated.'),
  labels: labelsSchema.default({}),
};

const KERNEL_ONLY = ['kernelCommandLine', 'initrdUri', 'initrdSha256', 'luoAbi'] as const;

export const createReleaseSchema = closedObject(releaseFields)
  .superRefine((release, context) => {
    if (release.kind === 'runtime')
      for (const field of KERNEL_ONLY)
        if (release[field] !== '')
          context.addIssue({
            code: 'custom',
            path: [field],
            message: 'only a release of kind "kernel" has this field',
          });
    if (release.initrdUri === '' && release.initrdSizeBytes !== 0)
      context.addIssue({
        code: 'custom',
        path: ['initrdSizeBytes'],
        message: 'there is no initrd that could have a size',
      });
    if ((release.initrdUri === '') !== (release.initrdSha256 === ''))
      context.addIssue({
        code: 'custom',
        path: [release.initrdUri === '' ? 'initrdUri' : 'initrdSha256'],
        message: 'an initrd needs both its address and its sha256',
      });
  })
  .meta({ id: 'CreateRelease' });

export type CreateReleaseInput = z.input<typeof createReleaseSchema>;
export type CreateRelease = z.output<typeof createReleaseSchema>;

export const releaseSchema = z
  .object({
    id: idSchema,
    name: z.string(),
    kind: z.enum(RELEASE_KINDS),
    version: z.string(),
    imageUri: z.string(),
    imageSha256: z.string(),
    handlers: z.array(z.string()),
    kernelCommandLine: z.string(),
    initrdUri: z.string(),
    initrdSha256: z.string(),
    luoAbi: z.string(),
    imageSizeBytes: addedLater(z.int(), 0),
    initrdSizeBytes: addedLater(z.int(), 0),
    labels: z.record(z.string(), z.string()),
    createdAt: timestampSchema,
  })
  .meta({ id: 'Release' });

export type ReleaseResponse = z.infer<typeof releaseSchema>;
export const releasePageSchema = pageOf(releaseSchema, 'ReleasePage');
