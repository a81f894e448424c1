#!/usr/bin/env node
// The kernel lab's command. `node tools/kernel-lab/run.mjs build [--refresh] | boot [--app DIR] [--count N] [--kernel a|b]
// | test NAME`. Works in a fresh clone: dependencies are installed before anything that needs them is loaded.
import { ensureDependencies } from '../bootstrap/ensure-dependencies.mjs';
import { reportError } from '../bootstrap/setup-error.mjs';
import { stoppable } from '../bootstrap/stop-signal.mjs';
import { readLabOptions } from './lab-options.mjs';

try {
  const { command, names, options } = readLabOptions(process.argv.slice(2));
  await ensureDependencies();
  const { commands } = await import('./commands.mjs'); // imports packages
  // After a signal the running command fails, its clean-up runs, and we exit.
  process.exitCode = await stoppable(() => commands[command](options, names));
} catch (error) {
  process.exitCode = reportError(error);
}
// What a failed check left behind must not keep us.
process.exit();
