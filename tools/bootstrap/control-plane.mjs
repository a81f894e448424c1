// The control plane of `npm start`, on 127.0.0.1.

import path from 'node:path';
import { findFreePortFrom } from './free-port.mjs';
import { workspace } from './workspace.mjs';
import { wordsOf } from './thrown.mjs';

const HTTP_PORT = 7070;
const GRPC_PORT = 7071;
const PORT_TRIES = 3;

/** Starts it on its usual ports, or on the next free ones. */
export async function startControlPlane(supervisor, { databaseUrl, redisUrl, redisPrefix }, note) {
  for (let attempt = 1; ; attempt++) {
    const httpPort = process.env.HTTP_PORT ?? (await findFreePortFrom(HTTP_PORT));
    const grpcPort =
      process.env.GRPC_PORT ?? (await findFreePortFrom(Number(httpPort) + 1 || GRPC_PORT));
    try {
      const { ready } = await supervisor.start({
        name: 'control-plane',
        command: process.execPath,
        args: [
          '--enable-source-maps',
          path.join(workspace, 'dist/apps/control-plane/main.cjs'),
          '--role',
          'all',
        ],
        env: {
          ...process.env,
          DATABASE_URL: databaseUrl,
          REDIS_URL: redisUrl,
          REDIS_PREFIX: redisPrefix,
          HTTP_PORT: String(httpPort),
          GRPC_PORT: String(grpcPort),
          DASHBOARD_DIR: path.join(workspace, 'dist/apps/dashboard'),
        },
        ready: readReadyLine,
      });
      if (ready.httpPort !== HTTP_PORT) {
        const why = process.env.HTTP_PORT
          ? 'HTTP_PORT is used.'
          : `Port ${HTTP_PORT} is taken, the next free one is used.`;
        note(
          `${why} For the command line: export LUOFLEET_SERVER=http://127.0.0.1:${ready.httpPort}`,
        );
      }
      return {
        baseUrl: `http://127.0.0.1:${ready.httpPort}`,
        grpcAddress: `127.0.0.1:${ready.grpcPort}`,
      };
    } catch (error) {
      const fixed = process.env.HTTP_PORT ?? process.env.GRPC_PORT;
      if (
        fixed ||
        attempt === PORT_TRIES ||
        !/EADDRINUSE|address already in use/i.test(wordsOf(error))
      )
        throw error;
    }
  }
}

function readReadyLine(line) {
  if (!line.startsWith('{"ready":true')) return undefined;
  return JSON.parse(line);
}
