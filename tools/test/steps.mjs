// The steps of `npm test`, in order.

import { ensureChromium } from '../bootstrap/chromium.mjs';
import { ensureCompiler } from '../bootstrap/compiler.mjs';
import { readOptions } from '../bootstrap/read-options.mjs';
import { provideServices } from '../bootstrap/services.mjs';
import { UsageError } from '../bootstrap/setup-error.mjs';
import { prismaCli, prismaEnvironment } from '../prisma/run.mjs';
import { mustSucceed } from './command.mjs';
import { runJest, runToolTests } from './suites.mjs';

const nxEnvironment = { NX_DAEMON: 'false', NX_TUI: 'false', CI: 'true' };
const nx = (context, target) =>
  mustSucceed(context, 'nx', ['run-many', '-t', target, '--parallel=2', '--outputStyle=static'], {
    env: nxEnvironment,
  });

const STEPS = [
  {
    name: 'gen',
    does: 'generated code is what proto/ and prisma/ say',
    run: (context) => mustSucceed(context, process.execPath, ['tools/gen/run.mjs', '--check']),
  },
  {
    name: 'format',
    does: 'prettier',
    run: (context) => mustSucceed(context, 'prettier', ['--check', '--log-level=warn', '.']),
  },
  {
    name: 'lint',
    does: 'eslint with the boundaries between parts, and no cycle within them',
    run: async (context) => {
      await mustSucceed(context, 'depcruise', ['apps', 'libs', '--output-type', 'err']);
      await nx(context, 'lint');
    },
  },
  { name: 'types', does: 'tsc', run: (context) => nx(context, 'typecheck') },
  {
    name: 'unit',
    does: 'unit tests',
    run: async (context) => {
      await ensureCompiler({ note: console.log });
      return runJest(context, 'jest.config.cjs', ['--maxWorkers=2']);
    },
  },
  { name: 'services', does: 'Postgres and Redis', run: startServices },
  { name: 'tools', does: 'tests of the tools', needs: ['services'], run: runToolTests },
  {
    name: 'schema',
    does: 'migrations lead to prisma/schema.prisma',
    needs: ['services'],
    run: (context) =>
      mustSucceed(
        context,
        process.execPath,
        [
          prismaCli(),
          'migrate',
          'diff',
          '--from-config-datasource',
          '--to-schema',
          'prisma/schema.prisma',
          '--exit-code',
        ],
        { env: prismaEnvironment },
      ),
  },
  {
    name: 'int',
    does: 'integration tests on real Postgres and Redis',
    needs: ['services'],
    run: (context) => runJest(context, 'jest.int.config.cjs', ['--maxWorkers=2']),
  },
  { name: 'build', does: 'bundles of every app', run: (context) => nx(context, 'build') },
  {
    name: 'e2e',
    does: 'end to end tests with real processes',
    needs: ['services', 'build'],
    run: async (context) => {
      context.env.CHROMIUM_PATH = await ensureChromium({ note: console.log });
      return runJest(context, 'jest.e2e.config.cjs');
    },
  },
];

async function startServices(context) {
  const { databaseUrl, redisUrl } = await provideServices(context.supervisor, {
    note: console.log,
  });
  Object.assign(context.env, { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl });
}

/** Reads `--only a,b`; undefined means everything. */
export function parseOnly(args) {
  const names = STEPS.map((step) => step.name);
  const usage = `usage: npm test [-- --only ${names.join(',')}]`;
  const { values } = readOptions({ args, usage, options: { only: { type: 'string' } } });
  const only = values.only?.split(',');
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`npm test has no step "${unknown}".`, { advice: usage });
  return only;
}

/** The steps to run: those asked for and what they need. */
export function chooseSteps(only) {
  if (!only) return STEPS;
  const wanted = new Set(only);
  for (const step of [...STEPS].reverse())
    if (wanted.has(step.name)) step.needs?.forEach((name) => wanted.add(name));
  return STEPS.filter((step) => wanted.has(step.name));
}
