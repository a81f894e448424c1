import type { ProblemFault } from '@luofleet/contracts';

/** Exit codes of the program. 0 is: done. */
export const EXIT = { failed: 1, usage: 2, unreachable: 3, notAllowed: 4 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a user reads when a command ends badly: what went wrong, where, and what to do. */
export class CliError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly faults: readonly ProblemFault[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CliError';
  }
}

/** The lines for stderr. */
export function formatError(error: unknown): string[] {
  if (!(error instanceof CliError))
    return [`luofleet: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
  return [
    `luofleet: ${error.message}`,
    ...error.faults.map(({ path, message }) => `  ${path === '' ? '' : `${path}: `}${message}`),
  ];
}
