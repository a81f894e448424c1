import type { SessionStatus } from '../model/command';
import type { Reason } from '../model/reason';

/** A session operation failed; `sessions` is what is left of them. */
export class SessionFailure extends Error {
  constructor(
    readonly reason: Reason,
    readonly sessions: SessionStatus[],
    options?: ErrorOptions,
  ) {
    super(reason.detail, options);
    this.name = 'SessionFailure';
  }
}
