import { createZodDto } from 'nestjs-zod';
import { dtoOf } from './dto';
import { z } from 'zod';
import { closedObject, idOrNameSchema, pageQuerySchema, problemSchema } from '@luofleet/contracts';

/** A thing by id or name, in a path. */
export class IdOrNameParams extends createZodDto(closedObject({ idOrName: idOrNameSchema })) {}

export class IdParams extends createZodDto(closedObject({ id: z.string().max(200) })) {}

export class PageQueryDto extends createZodDto(pageQuerySchema) {}

export class Problem extends dtoOf(problemSchema) {}
