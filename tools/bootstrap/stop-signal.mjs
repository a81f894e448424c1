// How this process is asked to end: by SIGINT, SIGTERM or SIGHUP, once.
//
// Happy path: while `stoppable` work runs, the first signal aborts `stopSignal`; what waits or runs a command gives up with a
// StoppedError, clean-ups run, and the error's exit code is the shell's for that signal.
// Unhappy path: a second signal ends the process at once.

import { setMaxListeners } from 'node:events';
import { SetupError } from './setup-error.mjs';

export const EXIT_OF_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Somebody asked this process to end. */
export class StoppedError extends SetupError {
  constructor(signal) {
    super(`Stopped by ${signal}.`);
    this.signal = signal;
    this.exitCode = EXIT_OF_SIGNAL[signal];
  }
}

const controller = new AbortController();
setMaxListeners(0, controller.signal);

/** Aborted, with a StoppedError as its reason, once this process was asked to end; it stays so. */
export const stopSignal = controller.signal;

let depth = 0;

/** Resolves as `work()` does, which is to end when `stopSignal` says so. May be nested. */
export async function stoppable(work) {
  if (depth++ === 0) for (const name of Object.keys(EXIT_OF_SIGNAL)) process.on(name, onSignal);
  try {
    return await work();
  } finally {
    if (--depth === 0) for (const name of Object.keys(EXIT_OF_SIGNAL)) process.off(name, onSignal);
  }
}

function onSignal(name) {
  if (stopSignal.aborted) process.exit(EXIT_OF_SIGNAL[name]);
  controller.abort(new StoppedError(name));
}
