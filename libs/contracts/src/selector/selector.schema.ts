import { z } from 'zod';
import { parseSelector } from '@luofleet/rollout';

/** Selector text; a fault is reported with its position, counted from 1 as people count. */
export const selectorSchema = z
  .string()
  .superRefine((text, context) => {
    const parsed = parseSelector(text);
    if (parsed.kind === 'selector') return;
    const { position, message } = parsed.problem;
    context.addIssue({
      code: 'custom',
      message: `bad selector at position ${position + 1}: ${message}`,
    });
  })
  .describe('Label selector, for example "zone=a,role in (db,web)"; empty matches every host.');
