#!/usr/bin/env node
// Brings node_modules in line with package-lock.json. Uses node: built-ins only, since it runs before anything is
// installed.
//
// Happy path: npm's own record of what is installed agrees with the lock file, nothing is done (a few ms).
// Otherwise `npm ci` runs, one at a time on this machine, and the comparison is made again once the lock is held.
// Unhappy paths: npm fails; its own words go to stderr and a SetupError says where. A signal ends npm and the wait for another.

import { findStaleness } from './dependencies-state.mjs';
import { withMachineLock } from './machine-lock.mjs';
import { runCommand } from './run-command.mjs';
import { reportError } from './setup-error.mjs';
import { stoppable } from './stop-signal.mjs';
import { workspace } from './workspace.mjs';

const LIMIT_MS = 30 * 60_000;

/** Installs dependencies when they are missing or stale. Returns whether it had to. */
export async function ensureDependencies({ note = console.error } = {}) {
  if (!findStaleness(workspace)) return false;
  return stoppable(() =>
    withMachineLock(
      `dependencies of ${workspace}`,
      async () => {
        const why = findStaleness(workspace);
        if (!why) return false;
        note(`Installing dependencies (${why})`);
        await runNpmCi();
        return true;
      },
      () => note('Waiting for another process that is installing dependencies'),
    ),
  );
}

async function runNpmCi() {
  const fromNpm = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, process.env.npm_execpath]
    : ['npm'];
  const [command, ...first] = fromNpm;
  const what = ['ci', '--include=dev', '--include=optional'];
  // npm's stdout goes to our stderr: stdout may be a summary that a program reads.
  await runCommand(command, [...first, ...what, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: workspace,
    shown: true,
    limitMs: LIMIT_MS,
    advice: `What npm printed above says why; run \`npm ci\` in ${workspace} by hand, with npm 10 or newer, to see more.`,
  });
}

if (import.meta.filename === process.argv[1]) {
  ensureDependencies().catch((error) => process.exit(reportError(error)));
}
