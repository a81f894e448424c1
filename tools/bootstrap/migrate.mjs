#!/usr/bin/env node
// Applies prisma/migrations to the database DATABASE_URL names, and records them as Prisma Migrate does, so that
// `prisma migrate status` and `migrate deploy` agree with it. Needs no Prisma at run time.
//
// Happy path: under an advisory lock (Prisma Migrate's own), every folder that is not recorded yet is applied in the
// order of its name and recorded with the hash of its file.
// Unhappy paths: an applied migration whose file has changed, or one that failed halfway earlier, stops us with what
// to do; a migration that fails now is recorded with its error. Starters at the same time wait for the lock.

import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { readOptions } from './read-options.mjs';
import { SetupError, UsageError, reportError } from './setup-error.mjs';
import { workspace } from './workspace.mjs';
import { wordsOf } from './thrown.mjs';

const PRISMA_MIGRATE_LOCK = 72707369;
const RECORD_TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

/** Brings a database up to date. Returns the names of the migrations it applied. */
export async function migrate(
  databaseUrl,
  { directory = path.join(workspace, 'prisma', 'migrations') } = {},
) {
  const { default: pg } = await import('pg'); // not before dependencies are installed
  const client = new pg.Client({ connectionString: databaseUrl });
  try {
    await client.connect();
  } catch (cause) {
    throw new SetupError(`Postgres at ${new URL(databaseUrl).host} cannot be reached.`, {
      cause,
      advice: 'Check DATABASE_URL.',
    });
  }
  try {
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_MIGRATE_LOCK]);
    return await applyPending(client, readMigrations(directory));
  } finally {
    await client.end(); // frees the lock too
  }
}

function readMigrations(directory) {
  return readdirSync(directory, { withFileTypes: true })
    .filter(
      (entry) =>
        entry.isDirectory() && existsSync(path.join(directory, entry.name, 'migration.sql')),
    )
    .map(({ name }) => {
      const sql = readFileSync(path.join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function applyPending(client, migrations) {
  await client.query(RECORD_TABLE);
  const { rows } = await client.query(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  const recorded = new Map(rows.map((row) => [row.migration_name, row]));
  const applied = [];
  for (const migration of migrations) {
    const record = recorded.get(migration.name);
    if (record) refuseUnlessSame(record, migration);
    else {
      await apply(client, migration);
      applied.push(migration.name);
    }
  }
  return applied;
}

function refuseUnlessSame(record, { name, checksum }) {
  if (!record.finished_at) {
    throw new SetupError(
      `Migration ${name} failed earlier and was left unfinished in this database.`,
      {
        advice: `Put the database right, then run: npm run prisma -- migrate resolve --rolled-back ${name}`,
      },
    );
  }
  if (record.checksum !== checksum) {
    throw new SetupError(
      `Migration ${name} was changed after it had been applied to this database.`,
      {
        advice: 'Restore the file, or use a new database; changes belong in a new migration.',
      },
    );
  }
}

async function apply(client, { name, sql, checksum }) {
  const id = randomUUID();
  await client.query(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)',
    [id, checksum, name],
  );
  try {
    await client.query(sql);
  } catch (cause) {
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [
      id,
      wordsOf(cause),
    ]);
    throw new SetupError(`Migration ${name} failed.`, { cause });
  }
  await client.query(
    'UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1',
    [id],
  );
}

async function main(args) {
  readOptions({ args, usage: 'usage: node tools/bootstrap/migrate.mjs', options: {} });
  if (!process.env.DATABASE_URL) throw new UsageError('DATABASE_URL is not set.');
  const applied = await migrate(process.env.DATABASE_URL);
  console.log(applied.length > 0 ? `Applied ${applied.join(', ')}` : 'Nothing to apply');
}

if (import.meta.filename === process.argv[1])
  main(process.argv.slice(2)).catch((error) => process.exit(reportError(error)));
