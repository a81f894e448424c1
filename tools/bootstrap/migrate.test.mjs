import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { withDatabase } from './database.mjs';
import { migrate } from './migrate.mjs';

const server = process.env.DATABASE_URL;
if (!server) throw new Error('DATABASE_URL is not set: run `npm test -- --only tools`.');

async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const onDatabase = (url, sql) => withClient(url, async (client) => (await client.query(sql)).rows);

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

test('a migration that is killed with its server connection leaves nothing, and is applied by the next start', async (t) => {
  const url = await freshDatabase(t);
  const script = 'CREATE TABLE c (id int); SELECT pg_advisory_lock(7);';
  const options = migrations(t, { ...two, '3_long': script });
  await withClient(url, async (holder) => {
    await holder.query('SELECT pg_advisory_lock(7)');
    const cutOff = assert.rejects(migrate(url, options), /3_long failed/);
    const migrating =
      "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%TABLE c%' AND wait_event = 'advisory'";
    while ((await holder.query(`SELECT 1 ${migrating}`)).rowCount === 0);
    await holder.query(`SELECT pg_terminate_backend(pid) ${migrating}`);
    await cutOff;
    assert.equal((await holder.query("SELECT to_regclass('c') AS there")).rows[0].there, null);
  });
  assert.deepEqual(await migrate(url, options), ['3_long']);
});

test('a record without an end, as others leave it, is told apart from a failure', async (t) => {
  const url = await freshDatabase(t);
  const options = migrations(t, two);
  await migrate(url, options);
  await onDatabase(
    url,
    "UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '2_row'",
  );
  await assert.rejects(migrate(url, options), (error) => {
    assert.match(error.message, /2_row was begun .* its end was not recorded/);
    return /--applied 2_row.*--rolled-back/.test(error.advice);
  });
});

test('a file that ends in a comment, or holds quotes, is recorded', async (t) => {
  const url = await freshDatabase(t);
  const options = migrations(t, { "1_it's": "SELECT 'a;b' -- no end" });
  assert.deepEqual(await migrate(url, options), ["1_it's"]);
  assert.deepEqual(await migrate(url, options), []);
});

test('the wait for whoever migrates has a limit', async (t) => {
  const url = await freshDatabase(t);
  await withClient(url, async (holder) => {
    await holder.query('SELECT pg_advisory_lock(72707369)');
    await assert.rejects(
      migrate(url, { ...migrations(t, two), lockLimitMs: 200 }),
      /Somebody else has been migrating .*luofleet_migrate_\w+ for 0.2 s/,
    );
  });
});

for (const url of ['nonsense', '', 'http://127.0.0.1/db', 'postgresql://[::1', 'file:///tmp']) {
  test(`"${url}" is no address`, async () => {
    await assert.rejects(migrate(url), {
      name: 'SetupError',
      message: /no address of a Postgres database/,
    });
  });
}

test('a server that says nothing is given up, and the password is not told', async (t) => {
  const silent = net.createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  const url = `postgresql://me:secret@127.0.0.1:${silent.address().port}/luofleet`;
  await assert.rejects(
    withDatabase(url, { connectLimitMs: 200 }, () => {}),
    (error) => {
      assert.match(error.message, /Postgres at 127\.0\.0\.1:\d+\/luofleet cannot be reached/);
      assert.match(error.cause.message, /timeout/);
      return !`${error.message}${error.cause.message}`.includes('secret');
    },
  );
});

test('an answer that does not come is given up', async () => {
  await assert.rejects(
    withDatabase(server, { answerLimitMs: 200 }, (client) => client.query('SELECT pg_sleep(3600)')),
    (error) => error.name === 'SetupError' && /timeout/.test(error.cause.message),
  );
});

test('a server that falls silent in the middle is given up', async (t) => {
  const { hostname, port } = new URL(server);
  const sockets = new Set();
  const proxy = net.createServer((near) => {
    const far = net.connect(Number(port || 5432), hostname);
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}));
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const url = new URL(server);
  Object.assign(url, { hostname: '127.0.0.1', port: String(proxy.address().port) });
  await assert.rejects(
    withDatabase(url.toString(), { answerLimitMs: 100 }, async (client) => {
      for (const socket of sockets) socket.unpipe().pause();
      await client.query('SELECT 1');
    }),
    (error) => error.name === 'SetupError' && /timeout/i.test(error.cause.message),
  );
});
