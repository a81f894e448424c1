import { LuofleetError } from '@luofleet/platform';

/**
 * Thrown inside a transaction when a row is no longer what was read: its version moved on, or somebody else took the
 * place. The transaction is run again from its reads; callers see it only when that did not help either.
 */
export class ConflictError extends LuofleetError {
  constructor(operation: string, subject: string, cause?: unknown) {
    super({
      code: 'CONFLICT',
      operation,
      subject,
      detail: `${subject} was changed by somebody else at the same time; look at it again and repeat.`,
      cause,
    });
  }
}
