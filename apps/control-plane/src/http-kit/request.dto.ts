import { createZodDto } from 'nestjs-zod';
import { dtoOf } from './dto';
import { closedObject, idOrNameSchema, pageQuerySchema, problemSchema } from '@luofleet/contracts';

/** A thing by id or name, in a path. */
export class IdOrNameParams extends createZodDto(closedObject({ idOrName: idOrNameSchema })) {}

export class IdParams extends createZodDto(closedObject({ id: idOrNameSchema })) {}

export class PageQueryDto extends createZodDto(pageQuerySchema) {}

export class Problem extends dtoOf(problemSchema) {}
