#!/usr/bin/env node
// Applies prisma/migrations to the database DATABASE_URL names, and records them as Prisma Migrate does, so that
// `prisma migrate status` and `migrate deploy` agree with it. Needs no Prisma at run time.
//
// Happy path: under an advisory lock (Prisma Migrate's own), every folder that is not recorded yet is applied in the
// order of its name and recorded with the hash of its file, in one transaction: killed at any moment, it is there as a whole
// with its record, or not at all.
// Unhappy paths: an applied migration whose file has changed, or one that failed earlier, stops us with what to do; a
// migration that fails now is recorded with its error. Starters at the same time wait for the lock. A server that does not
// answer, a lock that does not become free, a migration that does not end: each ends by its limit, and says so.

import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { withDatabase } from './database.mjs';
import { readOptions } from './read-options.mjs';
import { SetupError, UsageError, reportError } from './setup-error.mjs';
import { workspace } from './workspace.mjs';
import { fieldOf, wordsOf } from './thrown.mjs';

const PRISMA_MIGRATE_LOCK = 72707369;
const LOCK_NOT_AVAILABLE = '55P03';
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

/** For others to finish their migrations. */
const LOCK_LIMIT_MS = 10 * 60_000;
/** For one migration. */
const MIGRATION_LIMIT_MS = 30 * 60_000;

/** Brings a database up to date. Returns the names of the migrations it applied. */
export function migrate(
  databaseUrl,
  { directory = path.join(workspace, 'prisma', 'migrations'), lockLimitMs = LOCK_LIMIT_MS } = {},
) {
  return withDatabase(databaseUrl, { answerLimitMs: MIGRATION_LIMIT_MS }, async (client, where) => {
    await takeLock(client, where, lockLimitMs);
    return applyPending(client, readMigrations(directory));
  });
}

/** Its end frees it: it belongs to the connection. */
async function takeLock(client, where, limitMs) {
  const set = "SELECT set_config('lock_timeout', $1, false)";
  await client.query(set, [String(limitMs)]);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_MIGRATE_LOCK]);
  } catch (cause) {
    if (fieldOf(cause, 'code') !== LOCK_NOT_AVAILABLE) throw cause;
    throw new SetupError(
      `Somebody else has been migrating ${where} for ${limitMs / 1000} s and has not finished.`,
      {
        advice: `Look who holds the lock: SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ${PRISMA_MIGRATE_LOCK}`,
      },
    );
  }
  await client.query(set, ['0']);
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
    'SELECT migration_name, checksum, finished_at, logs FROM _prisma_migrations WHERE rolled_back_at IS NULL',
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
  if (!record.finished_at && record.logs === null) {
    throw new SetupError(
      `Migration ${name} was begun in this database, and its end was not recorded.`,
      {
        advice: `Look whether the database has what it makes. If so: npm run prisma -- migrate resolve --applied ${name}; if not: the same with --rolled-back.`,
      },
    );
  }
  if (!record.finished_at) {
    throw new SetupError(`Migration ${name} failed earlier in this database: ${record.logs}`, {
      advice: `Put the database right, then run: npm run prisma -- migrate resolve --rolled-back ${name}`,
    });
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
  const record = [randomUUID(), checksum, name].map((text) => client.escapeLiteral(text));
  try {
    // Several statements in one query are one transaction.
    await client.query(`${sql}
;INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
VALUES (${record.join(', ')}, clock_timestamp(), 1)`);
  } catch (cause) {
    const failed =
      'INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES ($1, $2, $3, $4)';
    // Where the server is gone there is nobody to record it; the cause says so.
    await client.query(failed, [randomUUID(), checksum, name, wordsOf(cause)]).catch(() => {});
    throw new SetupError(`Migration ${name} failed.`, { cause });
  }
}

async function main(args) {
  readOptions({ args, usage: 'usage: node tools/bootstrap/migrate.mjs', options: {} });
  if (!process.env.DATABASE_URL) throw new UsageError('DATABASE_URL is not set.');
  const applied = await migrate(process.env.DATABASE_URL);
  console.log(applied.length > 0 ? `Applied ${applied.join(', ')}` : 'Nothing to apply');
}

if (import.meta.filename === process.argv[1])
  main(process.argv.slice(2)).catch((error) => process.exit(reportError(error)));
