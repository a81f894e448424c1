// The one way in which the tools run a command to its end. Each leads a process group of its own, so that ending it ends all
// that it started (a make has many children).
//
// Happy path: it ends with 0; its output was kept, and is the answer.
// Unhappy paths: it fails: a SetupError carries the end of its output. It takes too long: its group is killed. This process is
// asked to end (stop-signal.mjs): its group is asked, then killed; this process ends at once: its group is killed. It ends, and
// leaves children that hold its output: they are given a moment, then killed, and nobody waits for them any more.

import { spawn } from 'node:child_process';
import { SetupError } from './setup-error.mjs';
import { stopSignal } from './stop-signal.mjs';

const SHOWN_BYTES = 16_000;
/** Downloads and installations, on a slow line. */
const LIMIT_MS = 15 * 60_000;
/** Until a group that was asked to end, or outlived its leader, is killed. */
const GRACE_MS = 5000;
const running = new Set();

process.on('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL');
});

/**
 * Runs a command and resolves to its stdout. Rejects with a SetupError that carries the end of its output.
 * `niceness` above 0 leaves the machine to others; `advice` is what a user can do when it fails; `shown` passes its output on
 * to stderr as it comes. One that takes longer than `limitMs` is ended, with its children.
 */
export async function runCommand(command, args, options = {}) {
  stopSignal.throwIfAborted();
  const { cwd, env, niceness = 0, advice, limitMs = LIMIT_MS, shown = false } = options;
  const [file, argv] =
    niceness > 0 ? ['nice', ['-n', String(niceness), command, ...args]] : [command, args];
  const child = spawn(file, argv, {
    cwd,
    env: { ...process.env, LC_ALL: 'C', ...env },
    stdio: shown ? ['ignore', process.stderr, process.stderr] : ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = keepOutput(child);
  const { code, late } = await untilClosed(child, limitMs, options.graceMs ?? GRACE_MS).catch(
    (cause) => {
      throw new SetupError(`${command} can not be run`, { advice, cause });
    },
  );
  if (code === 0) return output.stdout;
  stopSignal.throwIfAborted();
  const words = output.tail === '' ? '' : `:\n${output.tail}`;
  throw new SetupError(
    `${command} ${args.slice(0, 3).join(' ')} ended with ${code}${late}${words}`,
    { advice },
  );
}

function keepOutput({ stdout, stderr }) {
  const output = { stdout: '', tail: '' };
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      if (stream === stdout) output.stdout += text;
      output.tail = (output.tail + text).slice(-SHOWN_BYTES);
    });
  }
  return output;
}

async function untilClosed(child, limitMs, graceMs) {
  let late = '';
  const kill = () => {
    signalGroup(child, 'SIGKILL');
    // Who holds them may be in another group, out of our reach.
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  const timers = [
    setTimeout(() => {
      late = ` after ${limitMs / 1000} s`;
      kill();
    }, limitMs),
  ];
  const stop = () => {
    signalGroup(child, 'SIGTERM');
    timers.push(setTimeout(kill, graceMs));
  };
  stopSignal.addEventListener('abort', stop);
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject).once('spawn', () => running.add(child));
      child.once('exit', () => timers.push(setTimeout(kill, graceMs)));
      child.once('close', (status, signal) => resolve(status ?? signal));
    });
    return { code, late };
  } finally {
    timers.forEach(clearTimeout);
    stopSignal.removeEventListener('abort', stop);
    running.delete(child);
  }
}

function signalGroup({ pid }, signal) {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
