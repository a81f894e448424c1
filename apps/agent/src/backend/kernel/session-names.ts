import { createHash } from 'node:crypto';
import { SESSION_NAME_BYTES } from '@luofleet/linux';

/** The agent's own session, which holds the manifest: the one name that must be known without any manifest. */
export const OWN_SESSION = 'luofleet';
export const MANIFEST_TOKEN = 0n;
const PREFIX = 'luofleet.';

/** Name of a workload's session: never another program's (the prefix keeps off "systemd"), at most 63 bytes. */
export function sessionNameOf(workload: string): string {
  const name = `${PREFIX}${workload}`;
  if (Buffer.byteLength(name) < SESSION_NAME_BYTES) return name;
  return `${PREFIX}${createHash('sha256').update(workload).digest('hex').slice(0, 40)}`;
}
