/**
 * DOC: errors on their way to operators
 *
 * Purpose: whatever is thrown becomes a LuofleetError here, once, for REST and gRPC alike; the table in libs/platform
 * says what its code means on each of them.
 *
 * Happy path: a LuofleetError passes as it is.
 * Unhappy paths: faults in a request become INVALID_INPUT with every path; errors of the HTTP layer keep their meaning;
 * everything else is INTERNAL, whose text says nothing of the inside and whose cause goes to the log.
 */
import { HttpException } from '@nestjs/common';
import { faultsOf } from '@luofleet/contracts';
import { asLuofleetError, type ErrorCode, LuofleetError } from '@luofleet/platform';
import { ZodValidationException } from 'nestjs-zod';
import { ZodError } from 'zod';

/** What was asked for, for texts: "POST /api/v1/rollouts". */
export function translateError(thrown: unknown, operation: string): LuofleetError {
  if (thrown instanceof LuofleetError) return thrown;
  if (thrown instanceof ZodValidationException) {
    const cause = thrown.getZodError();
    if (cause instanceof ZodError) return invalidInput(cause, operation);
  }
  if (thrown instanceof ZodError) return invalidInput(thrown, operation);
  if (thrown instanceof HttpException) return ofHttp(thrown, operation);
  return asLuofleetError(thrown, operation);
}

function invalidInput(cause: ZodError, operation: string): LuofleetError {
  const issues = faultsOf(cause);
  const [first] = issues;
  const where = first === undefined || first.path === '' ? '' : `${first.path}: `;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return new LuofleetError({
    code: 'INVALID_INPUT',
    operation,
    subject: 'request',
    detail: `The request is not valid: ${where}${first?.message ?? 'unknown fault'}${more}.`,
    issues,
    cause,
  });
}

/** Content types of the bodies that are taken; the first of each format. */
const BODY_TYPES = ['application/json', 'application/yaml'];

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_INPUT',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  413: 'TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  503: 'UNAVAILABLE',
};

function ofHttp(thrown: HttpException, operation: string): LuofleetError {
  const code = CODE_OF_STATUS[thrown.getStatus()];
  if (code === undefined)
    return thrown.getStatus() < 500
      ? new LuofleetError({
          code: 'INVALID_INPUT',
          operation,
          subject: 'request',
          detail: thrown.message,
          cause: thrown,
        })
      : asLuofleetError(thrown, operation);
  const details: Partial<Record<ErrorCode, string>> = {
    NOT_FOUND: `There is no ${operation}; /api/docs lists what there is.`,
    UNSUPPORTED_MEDIA_TYPE: `${thrown.message}. A body is ${BODY_TYPES.join(' or ')}.`,
  };
  const detail = details[code] ?? thrown.message;
  return new LuofleetError({ code, operation, subject: 'request', detail, cause: thrown });
}
