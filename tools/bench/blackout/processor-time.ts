import { readFileSync } from 'node:fs';

/** /proc counts in these on every Linux. */
const TICK_MS = 10;

/** Processor time a process has used so far, user and system, all its threads; 0 when there is no such process. */
export function processorTimeMs(pid: number): number {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return 0;
  }
  // The second field is the program's name in brackets and may hold blanks.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
