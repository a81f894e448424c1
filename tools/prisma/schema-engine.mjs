#!/usr/bin/env node
// Takes the place of Prisma's native schema engine, so that every Prisma command works from npm packages alone.
//
// Happy path: the Prisma CLI starts this file (PRISMA_SCHEMA_ENGINE_BINARY), writes one JSON-RPC request a line to
// stdin and reads one answer a line from stdout. Requests are answered in order; the WASM engine does the work.
// Unhappy paths: an error becomes a JSON-RPC error with Prisma's code; the `cli` subcommands (database there or not,
// create, drop) report on stderr in the engine's log format and exit 1, which the CLI reads.
// Limits: Postgres only; `sslmode` and `shadowDatabaseUrl` are not read; `migrate dev` needs a role with CREATEDB.

import { createInterface } from 'node:readline';
import { createDatabase, databaseNameOf, dropDatabase, withConnection } from './database-url.mjs';
import { offlineAdapter, postgresAdapter } from './engine-adapter.mjs';
import { readEngineArguments } from './engine-arguments.mjs';
import { engineVersion, startEngine } from './wasm-engine.mjs';
import { fieldOf, wordsOf } from '../bootstrap/thrown.mjs';

const RPC_SERVER_ERROR = 4466;
const CODE_OF_SQLSTATE = { '3D000': 'P1003', '28P01': 'P1000' };

const settings = readEngineArguments(process.argv.slice(2));

async function runSubcommand(name) {
  const subcommands = {
    'can-connect-to-database': () => withConnection(settings.url, async () => {}),
    'create-database': () => createDatabase(settings.url),
    'drop-database': () => dropDatabase(settings.url),
  };
  try {
    if (!subcommands[name]) throw new Error(`The schema engine has no subcommand ${name}.`);
    await subcommands[name]();
  } catch (error) {
    const error_code = CODE_OF_SQLSTATE[fieldOf(error, 'code')] ?? 'P1001';
    const message =
      error_code === 'P1003'
        ? `Database \`${databaseNameOf(settings.url)}\` does not exist`
        : wordsOf(error);
    const line = {
      timestamp: new Date().toISOString(),
      level: 'ERROR',
      fields: { message, error_code },
      target: 'schema_engine::logger',
    };
    process.stderr.write(`\n${JSON.stringify(line)}\n`);
    process.exitCode = 1;
  }
}

async function serve() {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.method) await answer(request);
  }
  process.exit(0); // the engine's connection pools would keep the process alive
}

async function answer({ id, method, params = {} }) {
  try {
    const result = (await (methods[method] ?? engineMethod(method))(params)) ?? null;
    if (method === 'diff' && typeof result?.stdout === 'string') {
      send({ id: `print-${id}`, method: 'print', params: { content: result.stdout } });
      result.stdout = null;
    }
    send({ id, result });
  } catch (error) {
    const message = wordsOf(error);
    const error_code = fieldOf(error, 'code');
    const data = { is_panic: false, message, error_code, meta: fieldOf(error, 'meta') ?? null };
    send({ id, error: { code: RPC_SERVER_ERROR, message, data } });
  }
}

function send(message) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

// What the WASM build leaves to its host.
const methods = {
  createDatabase: ({ datasource }) => createDatabase(datasource.url ?? settings.url),
  ensureConnectionValidity: ({ datasource }) =>
    withConnection(datasource?.url ?? settings.url, async () => ({})),
  getDatabaseVersion: () =>
    withConnection(settings.url, async (client) => {
      const { rows } = await client.query('SHOW server_version');
      return rows[0].server_version;
    }),
  dbExecute: ({ datasourceType, script }) =>
    withConnection(
      datasourceType.url ?? settings.url,
      async (client) => void (await client.query(script)),
    ),
};

let engine;
function engineMethod(method) {
  return async (params) => {
    const offline =
      !settings.url || (method === 'diff' && [params.from, params.to].every(comesFromFiles));
    engine ??= startEngine(
      settings.datamodels,
      offline ? offlineAdapter() : postgresAdapter(settings.url),
    );
    return (await engine)[method](params);
  };
}

const comesFromFiles = (side) => side.tag === 'empty' || side.tag === 'schemaDatamodel';

if (settings.versionOnly) console.log(`schema-engine-cli ${engineVersion()}`);
else if (settings.subcommand) await runSubcommand(settings.subcommand);
else await serve();
