// Runs one command of a step, its output straight to the terminal.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { RUN_MARK } from '../bootstrap/processes.mjs';
import { workspace } from '../bootstrap/workspace.mjs';

const current = new Set();

/** Runs a program and resolves to its exit code. Whatever it starts carries the mark of the run. */
export function runCommand(context, command, args, { env = {}, onOutput } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: workspace,
      stdio: ['ignore', onOutput ? 'pipe' : 'inherit', 'inherit'],
      env: {
        ...process.env,
        ...context.env,
        ...env,
        PATH: `${path.join(workspace, 'node_modules', '.bin')}:${process.env.PATH}`,
        [RUN_MARK]: context.runId,
      },
    });
    current.add(child);
    child.stdout?.on('data', (chunk) => onOutput(String(chunk)));
    child.once('error', reject);
    child.once('close', (code) => {
      current.delete(child);
      resolve(code ?? 1);
    });
  });
}

/** Runs a program that must succeed. */
export async function mustSucceed(context, command, args, options) {
  const code = await runCommand(context, command, args, options);
  if (code !== 0)
    throw new Error(`${[path.basename(command), ...args].join(' ')}: exit code ${code}`);
}

/** Passes a signal on to what runs now. */
export function stopCurrentCommand(signal) {
  for (const child of current) child.kill(signal);
}
