// Walks every schema of a request that this library gives out: a string that takes any text, or text without a bound,
// is a fault here, whoever added it.
import { z } from 'zod';
import * as contracts from '..';

const HARMFUL = ['a\u0000b', 'a\u001b[31m', 'a\u009b', '\ud800', 'a\u202eb', 'a\u2028', '\ufeffa'];
const FAR_TOO_LONG = 'a'.repeat(100_000);

/** The schemas of requests are closed; those of answers are not. */
const isRequest = (schema: unknown): boolean =>
  schema instanceof z.ZodPrefault
    ? isRequest(schema.def.innerType)
    : schema instanceof z.ZodObject && schema.def.catchall instanceof z.ZodNever;

const requests = Object.entries(contracts).filter(([, schema]) => isRequest(schema));

interface Leaf {
  readonly path: string;
  readonly schema: z.ZodType;
}

/** Every schema within that takes text. */
function textsOf(schema: z.ZodType, path: string): Leaf[] {
  const inside = (part: z.core.$ZodType, name: string) => textsOf(part as z.ZodType, path + name);
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape).flatMap(([name, part]) => inside(part, `.${name}`));
  if (schema instanceof z.ZodArray) return inside(schema.element, '[]');
  if (schema instanceof z.ZodRecord)
    return [...inside(schema.keyType, '(key)'), ...inside(schema.valueType, '{}')];
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((part) => inside(part, ''));
  if (schema instanceof z.ZodPipe) return inside(schema.in, '');
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  )
    return inside(schema.def.innerType, '');
  if (
    schema instanceof z.ZodNumber ||
    schema instanceof z.ZodBoolean ||
    schema instanceof z.ZodTransform
  )
    return [];
  return [{ path, schema }];
}

const leaves = requests.flatMap(([name, schema]) => textsOf(schema as z.ZodType, name));

it('finds the requests and their texts', () => {
  expect(requests.map(([name]) => name)).toEqual(
    expect.arrayContaining(['rolloutManifestSchema', 'createReleaseSchema', 'hostsQuerySchema']),
  );
  expect(leaves.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      'rolloutManifestSchema.metadata.name',
      'createReleaseSchema.handlers[]',
      'createReleaseSchema.labels{}',
      'filesQuerySchema.host',
    ]),
  );
});

it.each(leaves)('$path takes nothing harmful and nothing without a bound', ({ schema }) => {
  for (const text of [...HARMFUL, FAR_TOO_LONG])
    expect(schema.safeParse(text)).toMatchObject({ success: false });
});
