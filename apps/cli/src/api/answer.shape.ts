import { formatPath } from '@luofleet/contracts';
import type { z } from 'zod';

/**
 * Where an answer has another shape than the contract; null when it has the same. Only types count: a record may hold
 * text that is refused today, and a control plane of tomorrow may know states that this program does not.
 */
export function shapeFault(schema: z.ZodType, answer: unknown): string | null {
  const parsed = schema.safeParse(answer);
  const issue = parsed.error?.issues.find(({ code }) => code === 'invalid_type');
  return issue ? `${formatPath(issue.path) || 'all of it'}: ${issue.message}` : null;
}
