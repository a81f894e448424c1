import { LuofleetError } from '@luofleet/platform';

/** Thrown for what can never be stored as it is: a value out of range, text that a column does not take, a constraint. */
export class UnstorableError extends LuofleetError {
  constructor(
    operation: string,
    subject: string,
    /** SQLSTATE, empty where no statement was reached. */
    readonly sqlState: string,
    cause: unknown,
  ) {
    super({
      code: 'INTERNAL',
      operation,
      subject,
      detail: `Could not ${operation}: a value can not be stored${sqlState && ` (SQLSTATE ${sqlState})`}; the log has the details.`,
      cause,
    });
  }
}
