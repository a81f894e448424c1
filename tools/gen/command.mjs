// Runs a generator and keeps its output for when it fails.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { SetupError } from '../bootstrap/setup-error.mjs';
import { workspace } from '../bootstrap/workspace.mjs';

/** Runs a program from the repository's root, with the programs of node_modules on PATH. */
export function runCommand(name, command, args, { env = {}, cwd = workspace } = {}) {
  const PATH = `${path.join(workspace, 'node_modules', '.bin')}:${process.env.PATH}`;
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { cwd, env: { ...process.env, PATH, ...env } },
      (error, stdout, stderr) => {
        if (error) reject(new SetupError(`${name} failed:\n${[stdout, stderr].join('').trim()}`));
        else resolve(stdout);
      },
    );
  });
}
