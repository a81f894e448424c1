// What a Postgres address says, in the shapes that pg and Prisma's adapter want.

import pg from 'pg';

const CONNECT_LIMIT_MS = 15_000;

/** The database a Postgres address names; `postgres` when it names none. */
export const databaseNameOf = (url) =>
  decodeURIComponent(new URL(url).pathname.slice(1)) || 'postgres';

/** The schema a Prisma address asks for, if any. */
export const schemaNameOf = (url) => new URL(url).searchParams.get('schema') ?? undefined;

/** The same server, another database. */
export function onDatabase(url, database) {
  const moved = new URL(url);
  moved.pathname = `/${encodeURIComponent(database)}`;
  return moved.toString();
}

/**
 * Connection settings as separate fields. pg lets the database of a connection string win over a `database` field,
 * and the adapter passes its shadow database in that field: with a string the shadow run would hit the main database.
 */
export function connectionSettings(url) {
  const { hostname, port, username, password } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 5432),
    user: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    database: databaseNameOf(url),
  };
}

/** Opens a connection, hands it to `work`, and closes it whatever happens. */
export async function withConnection(url, work) {
  const client = new pg.Client({
    ...connectionSettings(url),
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Creates the database an address names, from the server's `postgres` database. */
export async function createDatabase(url) {
  const databaseName = databaseNameOf(url);
  await withConnection(onDatabase(url, 'postgres'), (client) =>
    client.query(`CREATE DATABASE ${client.escapeIdentifier(databaseName)}`),
  );
  return { databaseName };
}

/** Drops the database an address names, closing whoever is on it. Nothing happens when it is not there. */
export async function dropDatabase(url) {
  await withConnection(onDatabase(url, 'postgres'), (client) =>
    client.query(
      `DROP DATABASE IF EXISTS ${client.escapeIdentifier(databaseNameOf(url))} WITH (FORCE)`,
    ),
  );
}
