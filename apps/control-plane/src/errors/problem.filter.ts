import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import { type Problem, PROBLEM_CONTENT_TYPE } from '@luofleet/contracts';
import type { Logger, LuofleetError } from '@luofleet/platform';
import { cleanText } from '@luofleet/platform/text';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOGGER } from '../settings/platform.module';
import { translateError } from './translate-error';

/** Answers every error of the HTTP surface as problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const path = request.url.split('?')[0] ?? '';
    const error = translateError(thrown, `${request.method} ${path}`);
    const { httpStatus } = error.mapping;
    if (httpStatus >= 500)
      this.logger.error('request failed', { err: error, method: request.method, path });
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    void reply.status(httpStatus).type(PROBLEM_CONTENT_TYPE).send(problemOf(error, path));
  }
}

/** Texts of errors repeat what was sent. */
const TEXT_LENGTH_MAX = 2000;
const plain = (text: string) => cleanText(text, TEXT_LENGTH_MAX, 'many');

/** The body of an error answer. */
export function problemOf(error: LuofleetError, instance: string): Problem {
  const { httpStatus, title } = error.mapping;
  return {
    type: `urn:luofleet:problem:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status: httpStatus,
    detail: plain(error.message),
    code: error.code,
    instance: plain(instance),
    errors: error.issues.map(({ path, message }) => ({
      path: plain(path),
      message: plain(message),
    })),
  };
}
