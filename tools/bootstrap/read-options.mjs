// The one way in which the tools read a command line. Happy path: as parseArgs does. Unhappy paths: what it does not know, and
// an option that is given twice (the last one would win, without a word), are refused with the usage; exit code 2.

import { parseArgs } from 'node:util';
import { UsageError } from './setup-error.mjs';
import { wordsOf } from './thrown.mjs';

/** @throws UsageError */
export function readOptions({ usage, ...config }) {
  let read;
  try {
    read = parseArgs({ ...config, tokens: true });
  } catch (error) {
    throw new UsageError(wordsOf(error), { advice: usage });
  }
  const given = new Set();
  for (const { kind, name, rawName } of read.tokens) {
    if (kind !== 'option' || config.options[name].multiple) continue;
    if (given.has(name))
      throw new UsageError(`${rawName} is given more than once.`, { advice: usage });
    given.add(name);
  }
  return read;
}

/** A whole number from `least` to `most`. */
export function wholeNumber(flag, text, { least = 0, most, usage }) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${flag} takes a whole number from ${least} to ${most}, not ${text}.`, {
    advice: usage,
  });
}
