// Brings dist/ up to date. Nx knows what changed: with nothing to do it takes about a second.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { withMachineLock } from './machine-lock.mjs';
import { SetupError } from './setup-error.mjs';
import { workspace } from './workspace.mjs';

/** Builds every app. Shows the output only when it fails. */
export function build() {
  return withMachineLock(`build of ${workspace}`, runBuild);
}

async function runBuild() {
  const nx = path.join(workspace, 'node_modules', '.bin', 'nx');
  const child = spawn(nx, ['run-many', '-t', 'build', '--parallel=2', '--outputStyle=static'], {
    cwd: workspace,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', CI: 'true' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  if (code !== 0)
    throw new SetupError(`The build failed:\n${output}`, {
      advice: 'Run `npx nx run-many -t build` to see more.',
    });
}
