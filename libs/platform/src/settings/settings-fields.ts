// Kinds of settings that several programs have, read from text.
import { z } from 'zod';

const MILLISECONDS_MAX = 24 * 60 * 60 * 1000;

/** A duration in whole milliseconds, at least `min`, at most a day. */
export const millisecondsField = (min = 1) =>
  z
    .string()
    .regex(/^\d+$/, 'must be whole milliseconds')
    .transform(Number)
    .pipe(z.number().min(min).max(MILLISECONDS_MAX));

/** A TCP port; 0 asks for any free one. */
export const portField = () =>
  z.string().regex(/^\d+$/, 'must be a port number').transform(Number).pipe(z.number().max(65_535));

/** An address whose scheme is one of `schemes`. */
export const urlField = (...schemes: readonly string[]) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)), {
      message: `must be an address starting with ${schemes.map((s) => `${s}://`).join(' or ')}`,
    });
