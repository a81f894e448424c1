#!/usr/bin/env node
// Brings node_modules in line with package-lock.json. Uses node: built-ins only, since it runs before anything is
// installed.
//
// Happy path: npm's own record of what is installed agrees with the lock file, nothing is done (a few ms).
// Otherwise `npm ci` runs, one at a time on this machine, and the comparison is made again once the lock is held.
// Unhappy path: npm fails; its own words go to stderr and a SetupError says where.

import { spawn } from 'node:child_process';
import { findStaleness } from './dependencies-state.mjs';
import { withMachineLock } from './machine-lock.mjs';
import { SetupError, reportError } from './setup-error.mjs';
import { workspace } from './workspace.mjs';

/** Installs dependencies when they are missing or stale. Returns whether it had to. */
export async function ensureDependencies({ note = console.error } = {}) {
  if (!findStaleness(workspace)) return false;
  return withMachineLock(
    `dependencies of ${workspace}`,
    async () => {
      const why = findStaleness(workspace);
      if (!why) return false;
      note(`Installing dependencies (${why})`);
      await runNpmCi();
      return true;
    },
    () => note('Waiting for another process that is installing dependencies'),
  );
}

async function runNpmCi() {
  const fromNpm = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, process.env.npm_execpath]
    : ['npm'];
  const [command, ...first] = fromNpm;
  const args = [
    ...first,
    'ci',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  // npm's stdout goes to our stderr: stdout may be a summary that a program reads.
  const child = spawn(command, args, {
    cwd: workspace,
    stdio: ['ignore', process.stderr, process.stderr],
  });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((cause) => {
    throw new SetupError('npm could not be started.', {
      advice: 'Install npm 10 or newer, then try again.',
      cause,
    });
  });
  if (code !== 0) {
    throw new SetupError(`npm ci failed with exit code ${code} in ${workspace}.`, {
      advice: 'What npm printed above says why; run `npm ci` there by hand to see more.',
    });
  }
}

if (import.meta.filename === process.argv[1]) {
  ensureDependencies().catch((error) => process.exit(reportError(error)));
}
