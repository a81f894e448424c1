import { createHash } from 'node:crypto';
import { SESSION_NAME_BYTES } from '@luofleet/linux';

const PREFIX = 'luofleet.';

/** Name of a workload's session: never another program's (the prefix keeps off "systemd"), at most 63 bytes. */
export function sessionNameOf(workload: string): string {
  const name = `${PREFIX}${workload}`;
  if (Buffer.byteLength(name) < SESSION_NAME_BYTES) return name;
  return `${PREFIX}${createHash('sha256').update(workload).digest('hex').slice(0, 40)}`;
}
