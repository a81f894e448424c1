import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { migrate } from './migrate.mjs';

const server = process.env.DATABASE_URL;
if (!server) throw new Error('DATABASE_URL is not set: run `npm test -- --only tools`.');

async function onDatabase(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function freshDatabase(t) {
  const name = `luofleet_migrate_${randomBytes(6).toString('hex')}`;
  await onDatabase(server, `CREATE DATABASE ${name}`);
  t.after(() => onDatabase(server, `DROP DATABASE ${name} WITH (FORCE)`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.toString();
}

function migrations(t, scripts) {
  const directory = mkdtempSync(path.join(tmpdir(), 'luofleet-'));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [name, sql] of Object.entries(scripts)) {
    mkdirSync(path.join(directory, name));
    writeFileSync(path.join(directory, name, 'migration.sql'), sql);
  }
  return { directory };
}

const two = {
  '1_tables': 'CREATE TABLE a (id int); CREATE TABLE b (id int);',
  '2_row': 'INSERT INTO a VALUES (1);',
};

test('many starters at the same time apply each migration once', async (t) => {
  const url = await freshDatabase(t);
  const options = migrations(t, two);
  const applied = await Promise.all(Array.from({ length: 8 }, () => migrate(url, options)));
  assert.deepEqual(applied.flat(), ['1_tables', '2_row']);
  assert.equal((await onDatabase(url, 'SELECT * FROM a')).length, 1);
  assert.deepEqual(await migrate(url, options), []);
});

test('an applied migration that was changed stops it', async (t) => {
  const url = await freshDatabase(t);
  await migrate(url, migrations(t, two));
  await assert.rejects(
    migrate(url, migrations(t, { ...two, '2_row': 'INSERT INTO a VALUES (2);' })),
    /2_row was changed/,
  );
});

test('a migration that fails is recorded, leaves nothing of itself, and blocks the next start', async (t) => {
  const url = await freshDatabase(t);
  const options = migrations(t, {
    ...two,
    '3_wrong': 'CREATE TABLE c (id int); SELECT nothing FROM nowhere;',
  });
  await assert.rejects(migrate(url, options), /Migration 3_wrong failed/);
  const [{ there }] = await onDatabase(url, "SELECT to_regclass('c') AS there");
  assert.equal(there, null);
  await assert.rejects(migrate(url, options), /3_wrong failed earlier/);
});
