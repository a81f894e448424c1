#!/usr/bin/env node
// The Prisma CLI with our schema engine: `npm run prisma -- migrate dev --name NAME`.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

const workspace = path.resolve(import.meta.dirname, '../..');

/** Environment under which the Prisma CLI needs nothing from the network. */
export const prismaEnvironment = {
  PRISMA_SCHEMA_ENGINE_BINARY: path.join(import.meta.dirname, 'schema-engine.mjs'),
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
  CHECKPOINT_DISABLE: '1',
};

/** The file to run with node for the Prisma CLI. */
export const prismaCli = () => createRequire(import.meta.url).resolve('prisma/build/index.js');

if (import.meta.filename === process.argv[1]) {
  const { status } = spawnSync(process.execPath, [prismaCli(), ...process.argv.slice(2)], {
    cwd: workspace,
    stdio: 'inherit',
    env: { ...process.env, ...prismaEnvironment },
  });
  process.exit(status ?? 1);
}
