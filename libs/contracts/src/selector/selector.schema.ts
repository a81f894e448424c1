import { parseSelector, SELECTOR_LENGTH_MAX } from '@luofleet/rollout';
import { plainTextSchema } from '../text/plain-text.schema';

/** Selector text; a fault is reported with its position, counted from 1 as people count. */
export const selectorSchema = plainTextSchema({ max: SELECTOR_LENGTH_MAX, lines: 'many' })
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
