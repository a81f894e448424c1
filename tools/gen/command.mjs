// Runs a generator and keeps its output for when it fails.

import path from 'node:path';
import { runCommand as run } from '../bootstrap/run-command.mjs';
import { SetupError } from '../bootstrap/setup-error.mjs';
import { workspace } from '../bootstrap/workspace.mjs';

/** Runs a program from the repository's root, with the programs of node_modules on PATH. */
export async function runCommand(name, command, args, { env = {}, cwd = workspace } = {}) {
  const PATH = `${path.join(workspace, 'node_modules', '.bin')}:${process.env.PATH}`;
  try {
    return await run(command, args, { cwd, env: { PATH, ...env } });
  } catch (cause) {
    throw new SetupError(`${name} failed.`, { cause });
  }
}
