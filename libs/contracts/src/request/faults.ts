import type { z } from 'zod';
import type { ProblemFault } from '../fleet/problem.schema';

type Issue = z.core.$ZodIssue;

/** Every fault of a failed validation as `{path, message}`, one for each unknown field. */
export function faultsOf(error: { readonly issues: readonly Issue[] }): ProblemFault[] {
  return error.issues.flatMap(faultsOfIssue);
}

function faultsOfIssue(issue: Issue): ProblemFault[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: formatPath([...issue.path, key]),
      message: issue.message,
    }));
  if (issue.code === 'invalid_type' && issue.input === undefined && 'input' in issue)
    return [{ path: formatPath(issue.path), message: `required (${issue.expected})` }];
  return [{ path: formatPath(issue.path), message: issue.message }];
}

/** `spec.strategy.waves[1]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const name = /^[A-Za-z_][\w-]*$/.test(String(part)) ? String(part) : `["${String(part)}"]`;
    return text === '' || name.startsWith('[') ? text + name : `${text}.${name}`;
  }, '');
}
