import { cleanText, escapeJson } from '@luofleet/platform/text';

/** A request of a workload that can not be granted; answered as problem+json (RFC 9457). */
export class WorkloadProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: ProblemCode,
    readonly title: string,
    detail: string,
    readonly errors: ReadonlyArray<{ path: string; message: string }> = [],
  ) {
    super(detail);
    this.name = 'WorkloadProblem';
  }
}

export type ProblemCode =
  | 'BAD_BODY'
  | 'BAD_TOKEN'
  | 'BODY_TOO_LARGE'
  | 'DESCRIPTOR_NOT_OPEN'
  | 'DESCRIPTOR_UNKNOWN'
  | 'HOLD_NOT_STORED'
  | 'INSTRUCTION_UNKNOWN'
  | 'INTERNAL'
  | 'NOT_REGISTERED'
  | 'NOT_THIS_PROCESS'
  | 'PRESERVED'
  | 'ROUTE_UNKNOWN'
  | 'TOO_MANY_DESCRIPTORS'
  | 'WORKLOAD_UNKNOWN';

/** Texts of problems repeat what was sent. */
const TEXT_LENGTH_MAX = 2000;

export const problemDocument = (problem: WorkloadProblem, path: string): string => {
  const document = {
    type: `urn:luofleet:problem:${problem.code.toLowerCase().replaceAll('_', '-')}`,
    title: problem.title,
    status: problem.status,
    detail: cleanText(problem.message, TEXT_LENGTH_MAX, 'many'),
    code: problem.code,
    instance: cleanText(path, TEXT_LENGTH_MAX),
    errors: problem.errors
      .slice(0, 20)
      .map((error) => ({ ...error, path: cleanText(error.path, TEXT_LENGTH_MAX) })),
  };
  return escapeJson(JSON.stringify(document));
};
