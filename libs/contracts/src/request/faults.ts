import { cleanText } from '@luofleet/platform/text';
import type { z } from 'zod';
import type { ProblemFault } from './problem.schema';

type Issue = z.core.$ZodIssue;

/** Faults that are told of one request; who has more mends these first. */
export const FAULTS_MAX = 100;

/** The faults of a failed validation as `{path, message}`, one for each unknown field, at most FAULTS_MAX. */
export function faultsOf(error: { readonly issues: readonly Issue[] }): ProblemFault[] {
  const faults: ProblemFault[] = [];
  for (const issue of error.issues) {
    if (faults.length >= FAULTS_MAX) break;
    faults.push(...faultsOfIssue(issue));
  }
  return faults.slice(0, FAULTS_MAX);
}

function faultsOfIssue(issue: Issue): ProblemFault[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, FAULTS_MAX).map((key) => ({
      path: formatPath([...issue.path, key]),
      message: issue.message,
    }));
  if (issue.code === 'invalid_type' && issue.input === undefined && 'input' in issue)
    return [{ path: formatPath(issue.path), message: `required (${issue.expected})` }];
  return [{ path: formatPath(issue.path), message: issue.message }];
}

/** Longest name of a field that is repeated to whoever sent it. */
const FIELD_LENGTH_MAX = 100;

/** `spec.strategy.waves[1]`; what is no plain name in quotes, cleaned. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const field = cleanText(String(part), FIELD_LENGTH_MAX);
    const name = /^[A-Za-z_][\w-]*$/.test(field) ? field : `["${field}"]`;
    return text === '' || name.startsWith('[') ? text + name : `${text}.${name}`;
  }, '');
}
