import { z } from 'zod';
import { parseSelector } from './selector.parser';

/** Selector text; a fault is reported with its position, counted from 1 as people count. */
export const selectorSchema = z
  .string()
  .superRefine((text, context) => {
    const parsed = parseSelector(text);
    if (parsed.ok) return;
    context.addIssue({
      code: 'custom',
      message: `bad selector at position ${parsed.position + 1}: ${parsed.message}`,
    });
  })
  .describe('Label selector, for example "zone=a,role in (db,web)"; empty matches every host.');
