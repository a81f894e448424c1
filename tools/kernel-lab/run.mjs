#!/usr/bin/env node
// The kernel lab's command. `node tools/kernel-lab/run.mjs build [--refresh] | boot [--app DIR] [--count N] [--kernel a|b]
// | test NAME`. stdout carries results, stderr progress.
import { parseArgs } from 'node:util';
import { reportError, SetupError } from '../bootstrap/setup-error.mjs';
import { ensureKernels } from './kernel-build.mjs';
import { stopCommands } from './processes.mjs';

const USAGE = `usage: node tools/kernel-lab/run.mjs COMMAND
  build [--refresh]                          kernels from the cache, or built; prints where they are as JSON
  boot [--app DIR] [--count N] [--kernel a]  machines that run DIR/start (default: show the kernel), until they end`;

const note = (text) => process.stderr.write(`${text}\n`);

const commands = {
  async build({ refresh }) {
    process.stdout.write(`${JSON.stringify(await ensureKernels({ refresh, note }), null, 2)}\n`);
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    refresh: { type: 'boolean', default: false },
    app: { type: 'string' },
    count: { type: 'string', default: '1' },
    kernel: { type: 'string', default: 'a' },
  },
});
// The running command fails, its clean-up runs, and we exit.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stopCommands);

const command = commands[positionals[0]];
try {
  if (command === undefined) throw new SetupError('Which command?', { advice: USAGE });
  await command(values, positionals.slice(1));
} catch (error) {
  process.exitCode = reportError(error);
}
