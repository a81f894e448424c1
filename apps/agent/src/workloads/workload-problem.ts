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
  | 'WORKLOAD_UNKNOWN';

export const problemDocument = (problem: WorkloadProblem, path: string): string =>
  JSON.stringify({
    type: `urn:luofleet:problem:${problem.code.toLowerCase().replaceAll('_', '-')}`,
    title: problem.title,
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    instance: path,
    errors: problem.errors,
  });
