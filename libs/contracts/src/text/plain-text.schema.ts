import { plainTextFault, type TextLines } from '@luofleet/platform/text';
import { z } from 'zod';

export interface TextBounds {
  /** Fewest characters, 0 when absent. */
  readonly min?: number;
  readonly max: number;
  readonly lines?: TextLines;
}

/** Text that a person sends: bounded, and nothing harmful in it. Every string of a request and a setting is one. */
export function plainTextSchema({ min = 0, max, lines = 'one' }: TextBounds): z.ZodString {
  return z
    .string()
    .min(min, min === 1 ? 'must not be empty' : `has at least ${min} characters`)
    .max(max, { error: `has at most ${max} characters`, abort: true })
    .check(({ value, issues }) => {
      const message = plainTextFault(value, lines);
      if (message !== null) issues.push({ code: 'custom', message, input: value, continue: false });
    });
}
