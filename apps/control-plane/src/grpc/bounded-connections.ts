/**
 * DOC: connections to the gRPC port
 *
 * Purpose: there are never more than `connectionsMax`, and none outlives its end. The port is ours, because grpc-js shows
 * nothing of its own; how long a connection may be silent or without a call is up to grpc-js.
 *
 * Unhappy paths: one connection too many is closed at once, until others have ended, and the log says so once a minute; a
 * client does not close its side within END_WITHIN_MS after ours -> the connection is cut.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '@luofleet/platform';
import { END_WITHIN_MS } from './bounded-calls';

const TELL_EVERY_MS = 60_000;

export function boundedConnections(
  connectionsMax: number,
  logger: Logger,
  take: (socket: Socket) => void,
): Server {
  const port = createServer((socket) => {
    let late: NodeJS.Timeout | undefined;
    socket.once('finish', () => {
      late = setTimeout(() => socket.destroy(), END_WITHIN_MS);
    });
    socket.once('close', () => clearTimeout(late));
    take(socket);
  });
  port.maxConnections = connectionsMax;
  let toldAtMs = -Infinity;
  port.on('drop', () => {
    if (performance.now() - toldAtMs < TELL_EVERY_MS) return;
    toldAtMs = performance.now();
    logger.warn('a connection to the gRPC port is refused; GRPC_CONNECTIONS_MAX are open', {
      connectionsMax,
    });
  });
  return port;
}
