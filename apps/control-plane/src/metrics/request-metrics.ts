import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Metrics } from './metrics.service';

/** Counts every request under its route, never under its path: paths have no end. Before the application initialises. */
export function observeRequests(app: NestFastifyApplication): void {
  const metrics = app.get(Metrics);
  const server = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.observeRequest(request.method, route, reply.statusCode, reply.elapsedTime);
    done();
  });
}
