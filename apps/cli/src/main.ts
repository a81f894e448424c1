import { text } from 'node:stream/consumers';
import { run } from './run';

/** Written into the bundle by its build. */
declare const LUOFLEET_VERSION: string;

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());
// A reader that has seen enough (head, less) closes the pipe; that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

void run(process.argv.slice(2), {
  terminal: { stdout: process.stdout, stderr: process.stderr },
  nowMs: () => Date.now(),
  signal: interrupt.signal,
  readStdin: () => text(process.stdin),
  version: LUOFLEET_VERSION,
}).then((exitCode) => {
  process.exitCode = exitCode;
});
