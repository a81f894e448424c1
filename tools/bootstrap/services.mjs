#!/usr/bin/env node
// Postgres and Redis for one run, migrated and ready. By itself (`npm run services`) it prints their addresses as
// shell assignments and keeps them up until Ctrl-C: `eval` them to run single tests by hand.

import { ensureDependencies } from './ensure-dependencies.mjs';
import { migrate } from './migrate.mjs';
import { providePostgres } from './postgres.mjs';
import { readOptions } from './read-options.mjs';
import { provideRedis } from './redis.mjs';
import { cleanUpFinishedRuns, createRunDirectory } from './run-directory.mjs';
import { reportError } from './setup-error.mjs';
import { Supervisor } from './supervisor.mjs';

/** Starts or finds both services. */
export async function provideServices(supervisor, { note = () => {} } = {}) {
  const [postgres, redis] = await Promise.all([
    providePostgres(supervisor, { note }),
    provideRedis(supervisor, { note }),
  ]);
  await migrate(postgres.url);
  return {
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    postgresIsOurs: postgres.ours,
    redisIsOurs: redis.ours,
  };
}

async function keepServices() {
  const note = (text) => console.error(text);
  readOptions({ args: process.argv.slice(2), usage: 'usage: npm run services', options: {} });
  await ensureDependencies({ note });
  await cleanUpFinishedRuns();
  const supervisor = new Supervisor(createRunDirectory('services'));
  const stop = () => supervisor.stopAll().then(() => process.exit(0));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
  try {
    const { databaseUrl, redisUrl } = await provideServices(supervisor, { note });
    console.log(`export DATABASE_URL=${databaseUrl}\nexport REDIS_URL=${redisUrl}`);
    supervisor.onUnexpectedExit = ({ name }) => {
      console.error(`${name} ended`);
      void supervisor.stopAll().then(() => process.exit(1));
    };
  } catch (error) {
    await supervisor.stopAll();
    process.exit(reportError(error));
  }
}

if (import.meta.filename === process.argv[1])
  await keepServices().catch((error) => process.exit(reportError(error)));
