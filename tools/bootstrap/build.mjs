// Brings dist/ up to date. Nx knows what changed: with nothing to do it takes about a second.

import path from 'node:path';
import { withMachineLock } from './machine-lock.mjs';
import { runCommand } from './run-command.mjs';
import { workspace } from './workspace.mjs';

const LIMIT_MS = 30 * 60_000;

/** Builds every app. Shows the output only when it fails. */
export const build = () => withMachineLock(`build of ${workspace}`, runBuild);

const runBuild = () =>
  runCommand(
    path.join(workspace, 'node_modules', '.bin', 'nx'),
    ['run-many', '-t', 'build', '--parallel=2', '--outputStyle=static'],
    {
      cwd: workspace,
      env: { NX_DAEMON: 'false', NX_TUI: 'false', CI: 'true' },
      limitMs: LIMIT_MS,
      advice: 'Run `npx nx run-many -t build` to see more.',
    },
  );
