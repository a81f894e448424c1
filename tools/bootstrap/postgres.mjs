// A Postgres for one run: the one DATABASE_URL names, or a real server of our own from npm's binaries.
//
// Happy path: initdb into a new folder of the run (0.5 s), start on a free port of 127.0.0.1, ready when its log says
// so. Its data lasts as long as the run, so it does not wait for the disk (fsync off).
// Unhappy paths: the port was taken in between: another one, three times. Root: the programs run as `postgres` or
// `nobody`; where that user cannot reach the repository (a home folder, say), data and a copy of the programs go to
// /var/lib/luofleet, and we say so. This process killed: the warden stops Postgres.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withDatabase } from './database.mjs';
import { findFreePort } from './free-port.mjs';
import {
  completePostgres,
  copyPostgres,
  isReachableByAll,
  locatePostgres,
} from './postgres-binaries.mjs';
import { choosePostgresUser } from './postgres-user.mjs';
import { SetupError } from './setup-error.mjs';
import { wordsOf } from './thrown.mjs';

const ELSEWHERE = '/var/lib/luofleet';
const PORT_TRIES = 3;
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

/**
 * Gives the address of a Postgres with a database called `database`.
 * @returns {Promise<{ url: string, ours: boolean }>}
 */
export async function providePostgres(supervisor, { note = () => {}, database = 'luofleet' } = {}) {
  if (process.env.DATABASE_URL) return { url: process.env.DATABASE_URL, ours: false };
  const place = preparePlace(supervisor.run, note);
  const password = randomBytes(12).toString('hex');
  initialise(place, password);
  const port = await startServer(supervisor, place);
  const url = `postgresql://luofleet:${password}@127.0.0.1:${port}/${database}`;
  await createDatabase(url, database);
  return { url, ours: true };
}

function preparePlace({ runId, directory }, note) {
  const user = choosePostgresUser();
  const { native, version } = locatePostgres();
  const reachable =
    user.uid === undefined || (isReachableByAll(directory) && isReachableByAll(native));
  const base = reachable ? directory : path.join(ELSEWHERE, runId);
  if (reachable) completePostgres(native);
  const programs = reachable ? native : copyPostgres(native, version, ELSEWHERE);
  if (!reachable) {
    completePostgres(native);
    note(`Postgres runs without rights and cannot reach this folder: its data is in ${base}`);
    process.once('exit', () => rmSync(base, { recursive: true, force: true }));
  }
  const data = path.join(base, 'postgres');
  mkdirSync(data, { recursive: true });
  if (user.uid !== undefined) {
    chmodSync(base, 0o755);
    chownSync(data, user.uid, user.gid);
  }
  return { user, programs, data };
}

function initialise({ user, programs, data }, password) {
  const passwordFile = path.join(data, '.password');
  const inside = path.join(data, 'data');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined) chownSync(passwordFile, user.uid, user.gid);
  const args = [
    '-D',
    inside,
    '-U',
    'luofleet',
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
  ];
  const initdb = spawnSync(path.join(programs, 'bin', 'initdb'), args, {
    ...user,
    cwd: data,
    env: serverEnvironment(data),
    encoding: 'utf8',
  });
  rmSync(passwordFile, { force: true });
  if (initdb.status === 0) return;
  throw new SetupError(
    `Postgres could not make its data folder ${inside}: ${(initdb.stderr || initdb.stdout || '').trim()}`,
    {
      advice: 'Set DATABASE_URL to a Postgres that you run yourself to go on without.',
      cause: initdb.error,
    },
  );
}

const serverEnvironment = (data) => ({
  PATH: process.env.PATH,
  HOME: data,
  LC_ALL: 'C',
  TZ: 'UTC',
});

async function startServer(supervisor, { user, programs, data }) {
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort();
    const settings = Object.entries({ ...SETTINGS, port }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    try {
      await supervisor.start({
        name: 'postgres',
        command: path.join(programs, 'bin', 'postgres'),
        args: ['-D', path.join(data, 'data'), ...settings],
        ...user,
        cwd: data,
        env: serverEnvironment(data),
        usedByOthers: true,
        stopSignal: 'SIGINT', // "fast": open connections are closed
        ready: (line) => line.includes('database system is ready to accept connections'),
      });
      return port;
    } catch (error) {
      if (attempt === PORT_TRIES || !/Address already in use/.test(wordsOf(error))) throw error;
    }
  }
}

async function createDatabase(url, database) {
  const admin = new URL(url);
  admin.pathname = '/postgres';
  await withDatabase(admin.toString(), {}, (client) =>
    client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`),
  );
}
