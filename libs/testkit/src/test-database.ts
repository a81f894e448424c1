// A Postgres database for one test file.
//
// A template database with all migrations applied is made once for each state of prisma/migrations (its name carries
// their hash), and every test file gets a copy of it (some 50 ms). Test files run side by side: an advisory lock lets
// one of them make the template while the others wait.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { addressOf } from './test-service-missing.error';

const workspace = path.resolve(__dirname, '../../..');
const migrationsDirectory = path.join(workspace, 'prisma', 'migrations');
const TEMPLATE_LOCK = 559_038_737;

/** A migrated, empty database that nobody else uses. */
export interface TestDatabase {
  readonly url: string;
  /** Drops the database, closing whoever is still connected. */
  drop(): Promise<void>;
}

/** Makes a database on the server DATABASE_URL names. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = addressOf('DATABASE_URL');
  const template = await ensureTemplate(server);
  const name = `luofleet_test_${randomBytes(6).toString('hex')}`;
  await onServer(server, (admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  return {
    url: onDatabase(server, name),
    drop: async () => {
      await keepEventKinds(onDatabase(server, name));
      await onServer(server, (admin) =>
        admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
      );
    },
  };
}

/** For the check that every kind of event is recorded by some test, once all have run. */
async function keepEventKinds(url: string): Promise<void> {
  const file = process.env['EVENT_KINDS_FILE'];
  if (file === undefined) return;
  try {
    const found = await connected(url, (client) =>
      client.query<{ kind: string }>('SELECT DISTINCT kind FROM events'),
    );
    appendFileSync(file, found.rows.map(({ kind }) => `${kind}\n`).join(''));
  } catch {
    // What a test has done to its database may have left nothing to read.
  }
}

async function ensureTemplate(server: string): Promise<string> {
  const template = `luofleet_template_${hashOfMigrations()}`;
  await onServer(server, async (admin) => {
    await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const found = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (found.rowCount) return;
    // Built under another name: a template that failed halfway is never taken for a whole one.
    const unfinished = `${template}_unfinished`;
    await admin.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${unfinished}`);
    await applyMigrations(onDatabase(server, unfinished));
    await admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
  });
  return template;
}

async function applyMigrations(url: string): Promise<void> {
  const migrate = path.join(workspace, 'tools', 'bootstrap', 'migrate.mjs');
  await promisify(execFile)(process.execPath, [migrate], {
    env: { ...process.env, DATABASE_URL: url },
  });
}

function hashOfMigrations(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(migrationsDirectory, {
    recursive: true,
    encoding: 'utf8',
  }).sort()) {
    if (file.endsWith('.sql'))
      hash.update(file).update(readFileSync(path.join(migrationsDirectory, file)));
  }
  return hash.digest('hex').slice(0, 12);
}

function onServer<T>(server: string, work: (admin: Client) => Promise<T>): Promise<T> {
  return connected(onDatabase(server, 'postgres'), work);
}

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function onDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.toString();
}
