// A Redis for one run: the one REDIS_URL names, or a server of our own.
//
// Our own comes from, in this order: redis-server or valkey-server on PATH; Debian and its kin: the package, unpacked
// into a cache. It listens on 127.0.0.1 only and writes nothing to disk: Postgres is the truth.
// Unhappy paths: no server to be had: one sentence that says what to do. Port taken in between: another, three times.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { findFreePort } from './free-port.mjs';
import { findOnPath } from './programs.mjs';
import { fetchRedisFromApt, hasApt } from './redis-from-apt.mjs';
import { SetupError } from './setup-error.mjs';
import { cacheDirectory } from './workspace.mjs';
import { wordsOf } from './thrown.mjs';

const PORT_TRIES = 3;
const ADVICE =
  'Install Redis 6.2 or newer, or Valkey (for example: sudo apt-get install redis-server, or dnf install valkey), or set REDIS_URL.';

/**
 * Gives the address of a Redis.
 * @returns {Promise<{ url: string, ours: boolean }>}
 */
export async function provideRedis(supervisor, { note = () => {} } = {}) {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL, ours: false };
  const { command, env } = await findServer(note);
  const directory = path.join(supervisor.run.directory, 'redis');
  mkdirSync(directory, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort();
    const args = [
      '--bind',
      '127.0.0.1',
      '--port',
      String(port),
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      directory,
    ];
    try {
      await supervisor.start({
        name: 'redis',
        usedByOthers: true,
        command,
        args,
        env,
        cwd: directory,
        ready: (line) => /Ready to accept connections/.test(line),
      });
      return { url: `redis://127.0.0.1:${port}`, ours: true };
    } catch (error) {
      if (attempt === PORT_TRIES || !/Address already in use/.test(wordsOf(error))) throw error;
    }
  }
}

async function findServer(note) {
  for (const name of ['redis-server', 'valkey-server']) {
    const command = findOnPath(name);
    if (command) return { command, env: process.env };
  }
  if (!hasApt())
    throw new SetupError('There is no Redis: neither redis-server nor valkey-server is on PATH.', {
      advice: ADVICE,
    });
  try {
    return await fetchRedisFromApt(cacheDirectory, note);
  } catch (cause) {
    throw new SetupError('There is no redis-server on PATH, and fetching it with apt failed.', {
      advice: ADVICE,
      cause,
    });
  }
}
