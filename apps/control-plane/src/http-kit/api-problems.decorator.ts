import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { PROBLEM_CONTENT_TYPE } from '@luofleet/contracts';
import { Problem } from './request.dto';

const DESCRIPTIONS = {
  400: 'The request is not valid; `errors` says what and where.',
  404: 'There is no such thing.',
  409: 'Taken, or not possible in the present state; `detail` says which.',
  410: 'The cursor belongs to another database, or to this one before it was restored; start over.',
  413: 'The body is larger than 1 MiB.',
  415: 'The content type is not understood.',
  503: 'Postgres or Redis does not answer.',
} as const;

/** Describes the errors a route answers with. */
export function ApiProblems(...statuses: (keyof typeof DESCRIPTIONS)[]) {
  return applyDecorators(
    ApiExtraModels(Problem),
    ...statuses.map((status) =>
      ApiResponse({
        status,
        description: DESCRIPTIONS[status],
        content: { [PROBLEM_CONTENT_TYPE]: { schema: { $ref: getSchemaPath(Problem) } } },
      }),
    ),
  );
}
