// Runs commands: their output is kept and only shown when they fail. Each leads a process group of its own, so that
// stopping this program can stop all that a command started (a make has many children).
import { spawn } from 'node:child_process';
import { SetupError } from '../bootstrap/setup-error.mjs';

const SHOWN_BYTES = 4000;
/** Downloads and installations, on a slow line. */
const LIMIT_MS = 15 * 60_000;
const running = new Set();

/** Ends every command that still runs, with its children; their promises reject. */
export function stopCommands() {
  for (const child of running) process.kill(-child.pid, 'SIGTERM');
}

/**
 * Runs a command and resolves to its stdout. Rejects with a SetupError that carries the end of its output.
 * `niceness` above 0 leaves the machine to others; `advice` is what a user can do when it fails. One that takes longer
 * than `limitMs` is ended, with its children.
 */
export async function runCommand(command, args, options = {}) {
  const { cwd, env, niceness = 0, advice, limitMs = LIMIT_MS } = options;
  const [file, argv] =
    niceness > 0 ? ['nice', ['-n', String(niceness), command, ...args]] : [command, args];
  const child = spawn(file, argv, {
    cwd,
    env: { ...process.env, LC_ALL: 'C', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  child.once('spawn', () => running.add(child)).once('exit', () => running.delete(child));
  let stdout = '';
  let tail = '';
  const keep = (data) => {
    tail = (tail + data).slice(-SHOWN_BYTES);
  };
  child.stdout.setEncoding('utf8').on('data', (data) => {
    stdout += data;
    keep(data);
  });
  child.stderr.setEncoding('utf8').on('data', keep);
  let late = '';
  const timer = setTimeout(() => {
    late = ` after ${limitMs / 1000} s`;
    if (running.has(child)) process.kill(-child.pid, 'SIGKILL');
  }, limitMs);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(status ?? signal));
  })
    .catch((error) => {
      throw new SetupError(`${command} can not be run`, { advice, cause: error });
    })
    .finally(() => clearTimeout(timer));
  if (code === 0) return stdout;
  throw new SetupError(
    `${command} ${args.slice(0, 3).join(' ')} ended with ${code}${late}:\n${tail}`,
    {
      advice,
    },
  );
}
