import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { idOrNameSchema, pageQuerySchema, problemSchema } from '@luofleet/contracts';

/** A thing by id or name, in a path. */
export class IdOrNameParams extends createZodDto(z.strictObject({ idOrName: idOrNameSchema })) {}

export class IdParams extends createZodDto(z.strictObject({ id: z.string().max(200) })) {}

export class PageQueryDto extends createZodDto(pageQuerySchema) {}

/** Routes without a query refuse one, so that a misspelt filter is noticed. */
export class NoQueryDto extends createZodDto(z.strictObject({})) {}

export class ProblemDto extends createZodDto(problemSchema) {}
