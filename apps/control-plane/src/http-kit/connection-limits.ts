/**
 * DOC: clients that take their time
 *
 * Purpose: no client holds a connection, or what waits to be sent on it, for longer or in greater numbers than this.
 *
 * Happy path: a request comes in time, its answer is taken in time.
 *
 * Unhappy paths: nothing or a part of a request comes -> 408 by the times in HTTP_SERVER_OPTIONS; an answer is taken by
 * drips or not at all -> the connection is cut after TAKEN_WITHIN_MS, and so is a stream of events that leaves one batch
 * untaken for so long; anything but a request comes after an answer -> the connection is cut after IDLE_MAX_MS; more
 * than REQUESTS_MAX requests come on one connection -> told at the last, cut at the next; more than CONNECTIONS_MAX
 * connections -> closed at once, until others have ended.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** From when an answer is ready, or a batch of events is written, until the client has taken it. */
export const TAKEN_WITHIN_MS = 60_000;
export const CONNECTIONS_MAX = 1_000;
/** What is asked ahead waits in memory until the answers before it are taken; then the client connects again. */
export const REQUESTS_MAX = 100;
/** Longer than the time-outs of the HTTP server for the next request, which empty lines put off. */
const IDLE_MAX_MS = 80_000;

/** Before the application initialises. */
export function limitConnections(app: NestFastifyApplication): void {
  const server = app.getHttpServer() as Server;
  server.maxConnections = CONNECTIONS_MAX;
  server.on('dropRequest', (_request, socket) => socket.destroy());
  cutIdle(server);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onSend', (_request, reply, _payload, done) => {
      cutLate(reply.raw);
      done();
    });
}

/** Cuts the connection unless what is sent has been taken in time. */
export function cutLate(response: ServerResponse): void {
  const late = setTimeout(() => response.destroy(), TAKEN_WITHIN_MS).unref();
  response.once('close', () => clearTimeout(late));
}

/** Cuts connections on which no request is under way for too long, whatever else comes on them. */
function cutIdle(server: Server): void {
  const connections = new WeakMap<Socket, { requests: number; timer?: NodeJS.Timeout }>();
  server.on('request', ({ socket }, response) => {
    const connection = connections.get(socket) ?? { requests: 0 };
    if (!connections.has(socket)) socket.once('close', () => clearTimeout(connection.timer));
    connections.set(socket, connection);
    connection.requests += 1;
    clearTimeout(connection.timer);
    response.once('close', () => {
      connection.requests -= 1;
      if (connection.requests === 0 && !socket.destroyed)
        connection.timer = setTimeout(() => socket.destroy(), IDLE_MAX_MS).unref();
    });
  });
}
