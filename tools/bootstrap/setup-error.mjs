// The one error users are meant to read: what went wrong, where, and what to do.
import { causesOf, stackOf, wordsOf } from './thrown.mjs';

import { terminalText } from './terminal-text.mjs';

/** Thrown when the set-up cannot go on and the user can do something about it. */
export class SetupError extends Error {
  /**
   * @param {string} message what went wrong and where
   * @param {{ advice?: string, cause?: unknown }} [details] `advice`: what to do
   */
  constructor(message, { advice, cause } = {}) {
    super(message, { cause });
    this.name = 'SetupError';
    this.advice = advice;
  }
}

/** The command line makes no sense. */
export class UsageError extends SetupError {
  exitCode = 2;
}

/** Prints an error for a person and returns the exit code that goes with it. */
export function reportError(error, writeRaw = (text) => process.stderr.write(text)) {
  const write = (text) => writeRaw(terminalText(text));
  if (!(error instanceof SetupError)) {
    write(`${stackOf(error)}\n`);
    return 1;
  }
  write(`error: ${error.message}\n`);
  for (const cause of causesOf(error)) write(`  because: ${wordsOf(cause)}\n`);
  if (error.advice) write(`  ${error.advice}\n`);
  return error.exitCode ?? 1;
}
