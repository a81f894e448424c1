import { createZodDto } from 'nestjs-zod';
import type { z } from 'zod';

/**
 * A class for a schema that has an id; named like the id, so that it and references to it from other schemas are one
 * component of the API description. The copy has no id: one at the root of a class would become a reference to itself.
 */
export function dtoOf<Schema extends z.ZodType>(schema: Schema) {
  return createZodDto(schema.clone(schema.def));
}
