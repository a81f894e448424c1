// Command lines of kernels: what the next one needs, and the mark by which its agent knows which live update booted it,
// also when nothing else came through.
import { readFileSync } from 'node:fs';
import type { AgentCommand } from '../../model/command';

/** Which live update booted this kernel. */
export interface BootMark {
  hostUpdateId: string;
  attempt: number;
  generation: bigint;
}

const MARK = 'luofleet.update=';
/** x86 allows 2048 with the final NUL. */
export const COMMAND_LINE_BYTES_MAX = 2_047;
const on = new Set(['on', '1', 'y', 'Y']);

export const runningCommandLine = (): string => readFileSync('/proc/cmdline', 'utf8').trim();

/** The release's command line, or the running one when it has none, with the mark of this update at its end. */
export function nextCommandLine(
  command: Pick<AgentCommand, 'hostUpdateId' | 'attempt' | 'generation' | 'release'>,
  running = runningCommandLine(),
): string {
  const { hostUpdateId, attempt, generation, release } = command;
  const base = release?.kernelCommandLine || running;
  const kept = base.split(/\s+/).filter((word) => word !== '' && !word.startsWith(MARK));
  // Words after a lone -- belong to init.
  const init = kept.indexOf('--');
  const at = init === -1 ? kept.length : init;
  return kept.toSpliced(at, 0, `${MARK}${hostUpdateId}/${attempt}/${generation}`).join(' ');
}

/** Why a kernel with this command line could not take a live update over; null when it can. */
export function unfitCommandLine(commandLine: string): string | null {
  const bytes = Buffer.byteLength(commandLine);
  if (bytes > COMMAND_LINE_BYTES_MAX) {
    return `it has ${bytes} bytes; ${COMMAND_LINE_BYTES_MAX} are allowed`;
  }
  const words = commandLine.split(/\s+/);
  const forKernel = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  for (const name of ['kho', 'liveupdate']) {
    const word = forKernel.findLast((one) => one.startsWith(`${name}=`));
    const value = word?.slice(name.length + 1);
    if (value === undefined || !on.has(value)) return `it does not carry ${name}=on`;
  }
  return null;
}

/** The mark of a command line; null when no live update booted this kernel. */
export function readMark(commandLine: string): BootMark | null {
  const word = commandLine.split(/\s+/).findLast((one) => one.startsWith(MARK));
  const match = /^([^/]+)\/(\d+)\/(\d+)$/.exec(word?.slice(MARK.length) ?? '');
  const [, hostUpdateId, attempt, generation] = match ?? [];
  if (hostUpdateId === undefined || attempt === undefined || generation === undefined) return null;
  return { hostUpdateId, attempt: Number(attempt), generation: BigInt(generation) };
}

/** Key of the reboot command of this attempt. */
export const rebootKey = ({ hostUpdateId, attempt }: Pick<BootMark, 'hostUpdateId' | 'attempt'>) =>
  `${hostUpdateId}/reboot/${attempt}`;
