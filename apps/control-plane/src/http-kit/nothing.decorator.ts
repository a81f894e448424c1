import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { closedObject } from '@luofleet/contracts';

const NOTHING = closedObject({});

/** For routes that take no query: refuses one, so that a misspelt or misplaced filter is noticed. */
export const NoQuery = createParamDecorator((_data: unknown, context: ExecutionContext): void => {
  NOTHING.parse(context.switchToHttp().getRequest<FastifyRequest>().query);
});

/** For routes that take no body: refuses one that says anything. */
export const NoBody = createParamDecorator((_data: unknown, context: ExecutionContext): void => {
  NOTHING.parse(context.switchToHttp().getRequest<FastifyRequest>().body ?? {});
});
