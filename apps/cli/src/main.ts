import { INTERRUPTED, run } from './run';

/** Written into the bundle by its build. */
declare const LUOFLEET_VERSION: string;

/** What is left to an interrupted command to end by itself. */
const INTERRUPT_GRACE_MS = 1000;

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    interrupt.abort();
    setTimeout(() => process.exit(INTERRUPTED), INTERRUPT_GRACE_MS).unref();
  });
// A reader that has seen enough (head, less) closes the pipe; that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

void run(process.argv.slice(2), {
  terminal: { stdout: process.stdout, stderr: process.stderr },
  nowMs: () => Date.now(),
  signal: interrupt.signal,
  stdin: () => process.stdin,
  version: LUOFLEET_VERSION,
}).then((exitCode) => {
  process.exitCode = exitCode;
});
