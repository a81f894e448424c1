// What apps/agent/native/arrive.c follows: names and tokens of all sessions, for a reader that knows no JSON.
// The layout is described where it is read, in apps/agent/native/retrieval-plan.h.
import { SESSION_NAME_BYTES } from '@luofleet/linux';
import type { SessionStatus } from '../../model/command';

const MAGIC = 'RETRIEVE';

/** The plan of these sessions, in their order. */
export function retrievalPlan(
  sessions: ReadonlyArray<{ name: string; files: ReadonlyArray<Pick<FileOf, 'token'>> }>,
): Buffer {
  const parts = [Buffer.from(MAGIC, 'latin1'), u32(sessions.length)];
  for (const { name, files } of sessions) {
    const field = Buffer.alloc(SESSION_NAME_BYTES);
    field.write(name, 0, SESSION_NAME_BYTES - 1);
    const tokens = Buffer.alloc(files.length * 8);
    files.forEach(({ token }, i) => tokens.writeBigUInt64LE(token, i * 8));
    parts.push(field, u32(files.length), tokens);
  }
  return Buffer.concat(parts);
}

type FileOf = SessionStatus['files'][number];

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
