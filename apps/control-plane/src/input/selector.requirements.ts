import { LuofleetError } from '@luofleet/platform';
import { parseSelector, type SelectorRequirement } from '@luofleet/rollout';

/**
 * What a selector asks for.
 * @throws LuofleetError INVALID_INPUT with the position of the mistake
 */
export function requirementsOf(
  selector: string,
  path = 'selector',
): readonly SelectorRequirement[] {
  const parsed = parseSelector(selector);
  if (parsed.kind === 'selector') return parsed.selector.requirements;
  const { position, message } = parsed.problem;
  const fault = `bad selector at position ${position + 1}: ${message}`;
  throw new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'read selector',
    subject: path,
    detail: `The request is not valid: ${path}: ${fault}.`,
    issues: [{ path, message: fault }],
  });
}
