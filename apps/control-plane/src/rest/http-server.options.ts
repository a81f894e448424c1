import type { Server } from 'node:http';
import { PROBLEM_CONTENT_TYPE } from '@luofleet/contracts';
import { LuofleetError } from '@luofleet/platform';
import type { FastifyReply, FastifyHttpOptions } from 'fastify';
import { problemOf } from '../errors/problem.filter';
import { BODY_BYTES_MAX } from './body-parsers';
import { REQUESTS_MAX } from '../http-kit/connection-limits';

/** Options of the HTTP server; what it refuses before any route is reached is a problem, too. */
export const HTTP_SERVER_OPTIONS = {
  bodyLimit: BODY_BYTES_MAX,
  // Names of hosts have up to 253 characters; the server's own bound would make them unfindable.
  routerOptions: { maxParamLength: 1000 },
  forceCloseConnections: true,
  // A client that sends or takes nothing for so long is let go; event streams have a heartbeat more often than that.
  connectionTimeout: 60_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 60_000,
  maxRequestsPerSocket: REQUESTS_MAX,
  http: { headersTimeout: 15_000, connectionsCheckingInterval: 1_000 },
  frameworkErrors: (cause, request, reply) => {
    const error = new LuofleetError({
      code: 'INVALID_INPUT',
      operation: 'read request',
      subject: 'path',
      detail: 'The path can not be decoded; percent-encode it.',
      cause,
    });
    const instance = request.url.split('?')[0] ?? '';
    const plainReply = reply as unknown as FastifyReply;
    void plainReply
      .status(error.mapping.httpStatus)
      .type(PROBLEM_CONTENT_TYPE)
      .send(problemOf(error, instance));
  },
} as const satisfies FastifyHttpOptions<Server>;
