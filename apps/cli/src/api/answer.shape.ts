import { completed, formatPath } from '@luofleet/contracts';
import type { z } from 'zod';

export type Shaped<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'fault'; readonly fault: string };

/**
 * An answer that has the shape of the contract, be it after what came later than its control plane was added; or where it
 * has another. Only types count: a record may hold text that is refused today, and a control plane of tomorrow may know
 * fields and states that this program does not.
 */
export function shaped<Answer>(schema: z.ZodType<Answer>, given: unknown): Shaped<Answer> {
  const answer = completed(schema, given);
  const issues = schema.safeParse(answer, { reportInput: true }).error?.issues;
  const issue = issues?.find(isOfType);
  if (issue === undefined) return { kind: 'answer', answer: answer as Answer };
  const place = formatPath(issue.path) || 'all of it';
  return { kind: 'fault', fault: `${place}: ${issue.message}` };
}

/** Not of another word for a state, that is, but of none. */
function isOfType(issue: z.core.$ZodIssue): boolean {
  if (issue.code === 'invalid_value') return typeof issue.input !== typeof issue.values[0];
  return issue.code === 'invalid_type' || issue.input === undefined;
}
