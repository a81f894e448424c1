// Takes the workloads' sessions and files out of the kernel, and nothing else: part of the agent's early part, so it looks at
// nothing that can be looked at later (sizes, identities).
//
// Unhappy paths: a session or file that can not be retrieved has its reason in the answer; the others go on. The kernel
// gives a session once, and keeps a file's errno for the whole boot (S10, D2), so nothing is asked for twice.
import { isLinuxError, type LiveUpdateSession } from '@luofleet/linux';
import type { FileStatus, SessionStatus } from '../../model/command';
import { describeError, reasonOf, type Reason } from '../../model/reason';
import type { HandoverSource } from './arrival-record';

export interface RetrievedFile {
  expected: FileStatus;
  /** A descriptor that is ours, or why there is none. */
  got: { fd: number } | { reason: Reason };
}

export interface RetrievedSession {
  expected: SessionStatus;
  got:
    | { session: LiveUpdateSession; files: RetrievedFile[] }
    /** An orphan is a session that the kernel keeps with nobody able to end it. */
    | { reason: Reason; isOrphan: boolean };
}

/** Everything that the manifest names, in its order. Does not throw for what the kernel refuses. */
export const retrieveSessions = (
  source: HandoverSource,
  manifest: readonly SessionStatus[],
): RetrievedSession[] =>
  manifest.map((expected) => ({ expected, got: retrieveSession(source, expected) }));

function retrieveSession(source: HandoverSource, expected: SessionStatus) {
  const { name, files } = expected;
  let session: LiveUpdateSession;
  try {
    session = source.retrieveSession(name);
  } catch (cause) {
    const code = isLinuxError(cause, 'ENOENT') ? 'SESSIONS_GONE' : 'RETRIEVE_FAILED';
    const reason = reasonOf(code, describeError(cause), { subject: `session ${name}`, cause });
    return { reason, isOrphan: isLinuxError(cause, 'EINVAL') };
  }
  return { session, files: files.map((file) => retrieveFile(source, session, name, file)) };
}

function retrieveFile(
  source: HandoverSource,
  session: LiveUpdateSession,
  name: string,
  expected: FileStatus,
): RetrievedFile {
  try {
    return { expected, got: { fd: source.retrieveFd(session, name, expected.token) } };
  } catch (cause) {
    const subject = `session ${name}/file 0x${expected.token.toString(16)}`;
    const reason = reasonOf('RETRIEVE_FAILED', describeError(cause), { subject, cause });
    return { expected, got: { reason } };
  }
}
