import { readFileSync } from 'node:fs';
import path from 'node:path';

/** How often each command was started, by its key, as the agent's journal tells. */
export function phaseStarts(stateDir: string): Map<string, number> {
  const starts = new Map<string, number>();
  for (const line of readFileSync(path.join(stateDir, 'journal.log'), 'utf8').split('\n')) {
    if (line === '') continue;
    // A line is a checksum, a blank, and JSON.
    const record = JSON.parse(line.slice(9)) as { kind: string; key?: string };
    if (record.kind === 'started' && record.key)
      starts.set(record.key, (starts.get(record.key) ?? 0) + 1);
  }
  return starts;
}
