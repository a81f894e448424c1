import type { ProblemFault } from '@luofleet/contracts';
import { describeThrown } from '@luofleet/platform/text';

/** Exit codes of the program. 0 is: done. */
export const EXIT = { failed: 1, usage: 2, unreachable: 3, notAllowed: 4 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface CliErrorOptions extends ErrorOptions {
  /** Code of the problem that the control plane answered with. */
  readonly code?: string;
}

/** What a user reads when a command ends badly: what went wrong, where, and what to do. */
export class CliError extends Error {
  readonly code: string | undefined;

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly faults: readonly ProblemFault[] = [],
    options?: CliErrorOptions,
  ) {
    super(message, options);
    this.name = 'CliError';
    this.code = options?.code;
  }
}

/** Faults shown before the rest is only counted. */
const FAULTS_SHOWN = 20;

/** The lines for stderr. */
export function formatError(error: unknown): string[] {
  if (!(error instanceof CliError)) {
    const text = (error instanceof Error && error.stack) || describeThrown(error);
    return `luofleet: ${text}`.split('\n');
  }
  const { faults } = error;
  return [
    `luofleet: ${error.message}`,
    ...faults
      .slice(0, FAULTS_SHOWN)
      .map(({ path, message }) => `  ${path === '' ? '' : `${path}: `}${message}`),
    ...(faults.length > FAULTS_SHOWN ? [`  and ${faults.length - FAULTS_SHOWN} more faults`] : []),
  ];
}
