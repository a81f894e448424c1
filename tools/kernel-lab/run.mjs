#!/usr/bin/env node
// The kernel lab's command. `node tools/kernel-lab/run.mjs build [--refresh] | boot [--app DIR] [--count N] [--kernel a|b]
// | test NAME`. Works in a fresh clone: dependencies are installed before anything that needs them is loaded.
import { parseArgs } from 'node:util';
import { ensureDependencies } from '../bootstrap/ensure-dependencies.mjs';
import { reportError, SetupError } from '../bootstrap/setup-error.mjs';
import { stopCommands } from './processes.mjs';

const USAGE = `usage: node tools/kernel-lab/run.mjs COMMAND
  build [--refresh]                          kernels from the cache, or built; prints where they are as JSON
  boot [--app DIR] [--count N] [--kernel a]  machines that run DIR/start (default: show the kernel), until they end
  test [NAME...] [--record] [--keep] [--only TEXT]
                                             all tests, or: conformance (the real kernel against its recorded outcomes),
                                             next-kernel (updates into kernels that do not fit), rollout (a fleet of
                                             machines under a control plane; --only TEXT: hosts so titled)`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    refresh: { type: 'boolean', default: false },
    app: { type: 'string' },
    count: { type: 'string', default: '1' },
    kernel: { type: 'string', default: 'a' },
    record: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
// The running command fails, its clean-up runs, and we exit.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stopCommands);

try {
  await ensureDependencies();
  const { commands } = await import('./commands.mjs'); // imports packages
  const [name = '', ...rest] = positionals;
  if (!Object.hasOwn(commands, name)) throw new SetupError('Which command?', { advice: USAGE });
  process.exitCode = await commands[name](values, rest, USAGE);
} catch (error) {
  process.exitCode = reportError(error);
}
// What a failed check left behind must not keep us.
process.exit();
