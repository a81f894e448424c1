// Kinds of settings that several programs have, read from text.
import { z } from 'zod';
import { plainTextFault } from '../text';

const MILLISECONDS_MAX = 24 * 60 * 60 * 1000;

/** Paths have no more. */
const TEXT_LENGTH_MAX = 4095;

/** Any text of one line without harm in it. */
export const textField = () =>
  z
    .string()
    .max(TEXT_LENGTH_MAX, { error: `has at most ${TEXT_LENGTH_MAX} characters`, abort: true })
    .check(({ value, issues }) => {
      const message = plainTextFault(value);
      if (message !== null) issues.push({ code: 'custom', message, input: value, continue: false });
    });

/** A whole number in digits, with its bounds. */
export const wholeNumberField = (min: number, max: number, what = 'a whole number') =>
  z.string().regex(/^\d+$/, `must be ${what}`).transform(Number).pipe(z.number().min(min).max(max));

/** A duration in whole milliseconds, at least `min`, at most a day. */
export const millisecondsField = (min = 1) =>
  wholeNumberField(min, MILLISECONDS_MAX, 'whole milliseconds');

/** A TCP port; 0 asks for any free one. */
export const portField = () => wholeNumberField(0, 65_535, 'a port number');

/** An address whose scheme is one of `schemes`. */
export const urlField = (...schemes: readonly string[]) =>
  textField().refine(
    (text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)),
    {
      message: `must be an address starting with ${schemes.map((s) => `${s}://`).join(' or ')}`,
    },
  );
