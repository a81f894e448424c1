import { CommandResult } from './generated/luofleet/v1/agent_service';
import { FileReport } from './generated/luofleet/v1/host';

/**
 * Most bytes of one message, for both sides: a server ends the stream over a larger one, so agents send none. A result
 * of a host with thousands of files is larger than gRPC's default of 4 MiB.
 */
export const MESSAGE_BYTES_MAX = 16 * 2 ** 20;
/** Most files of one result: a host has dozens, a big one some thousands, and all are stored in one transaction. */
export const RESULT_FILES_MAX = 20_000;

/** Tag and length around a result, a session or a file. */
const AROUND_BYTES = 16;

/**
 * The result as control planes take it: files that are too many are left out, from the first one on that does not fit, and
 * counted. It would end every stream otherwise, and would be sent again on the next one for ever. `bytesMax` null: its
 * size is all right, since it was received.
 */
export function fitResult(
  result: CommandResult,
  bytesMax: number | null = MESSAGE_BYTES_MAX,
): CommandResult {
  const files = result.sessions.reduce((sum, session) => sum + session.files.length, 0);
  const isSmall = bytesMax === null || sizeOf(result) + AROUND_BYTES <= bytesMax;
  if (files <= RESULT_FILES_MAX && isSmall) return result;
  const bare = result.sessions.map((session) => ({ ...session, files: [] }));
  let bytes =
    bytesMax === null
      ? Infinity
      : bytesMax - sizeOf({ ...result, sessions: bare }) - AROUND_BYTES * (bare.length + 1);
  const withSessions = bytes >= 0;
  let places = RESULT_FILES_MAX;
  const fits = (file: FileReport): boolean => {
    places -= 1;
    if (bytesMax !== null) bytes -= FileReport.encode(file).finish().length + AROUND_BYTES;
    return places >= 0 && bytes >= 0;
  };
  const sessions = result.sessions.map((session) => ({
    ...session,
    files: session.files.filter(fits),
  }));
  const kept = sessions.reduce((sum, session) => sum + session.files.length, 0);
  const leftOutFiles = Math.min(result.leftOutFiles + files - kept, 2 ** 32 - 1);
  return { ...result, sessions: withSessions ? sessions : [], leftOutFiles };
}

const sizeOf = (result: CommandResult): number => CommandResult.encode(result).finish().length;
