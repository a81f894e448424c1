import { thrownChain } from '../text';
import { ERROR_CODES, type ErrorCode, type ErrorMapping } from './error-codes';

/** One thing that is wrong with an input: where (a dotted path, empty for the whole) and what. */
export interface ErrorIssue {
  readonly path: string;
  readonly message: string;
}

export interface LuofleetErrorOptions {
  readonly code: ErrorCode;
  /** What was being done, as a verb and an object: "apply rollout". */
  readonly operation: string;
  /** What it was done to: "rollout to-1-1-0"; empty when there is nothing to name. */
  readonly subject: string;
  /** What went wrong and what to do about it, in a sentence for people. Never repeats the cause's message. */
  readonly detail: string;
  readonly issues?: readonly ErrorIssue[];
  readonly cause?: unknown;
}

/**
 * Base of every error that crosses a border of a part. What it means to HTTP, gRPC and the command line is looked up
 * by its code in ERROR_CODES and nowhere else.
 */
export class LuofleetError extends Error {
  readonly code: ErrorCode;
  readonly operation: string;
  readonly subject: string;
  readonly issues: readonly ErrorIssue[];

  constructor(options: LuofleetErrorOptions) {
    super(options.detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.operation = options.operation;
    this.subject = options.subject;
    this.issues = options.issues ?? [];
  }

  get mapping(): ErrorMapping {
    return ERROR_CODES[this.code];
  }
}

/** Any thrown value as a LuofleetError; what is not one becomes INTERNAL and keeps its cause. */
export function asLuofleetError(thrown: unknown, operation: string, subject = ''): LuofleetError {
  if (thrown instanceof LuofleetError) return thrown;
  return new LuofleetError({
    code: 'INTERNAL',
    operation,
    subject,
    detail: `Could not ${operation}; the log has the details.`,
    cause: thrown,
  });
}

/** Names and messages of whatever was thrown and of what caused it, outermost first. For logs. */
export const causeChain = (thrown: unknown): string[] =>
  thrownChain(thrown).map(({ name, words }) =>
    name === '' || words === name ? words : `${name}: ${words}`,
  );
