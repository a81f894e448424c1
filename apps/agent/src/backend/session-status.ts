import type { FileStateName, SessionStateName, SessionStatus } from '../model/command';

/** The same sessions and files in another state. */
export const withState = (
  sessions: readonly SessionStatus[],
  session: SessionStateName,
  file: FileStateName,
): SessionStatus[] =>
  sessions.map((one) => ({
    ...one,
    state: session,
    files: one.files.map((each) => ({ ...each, state: file })),
  }));
