// Command lines of kernels: what the next one needs, and the mark by which its agent knows which live update booted it,
// also when nothing else came through.
import { readFileSync } from 'node:fs';
import type { AgentCommand } from '../../model/command';
import { bytesOf, findSwitch, parseKernelParameters, textOf } from './kernel-parameters';

/** Which live update booted this kernel. */
export interface BootMark {
  hostUpdateId: string;
  attempt: number;
  generation: bigint;
}

const MARK = 'luofleet.update';
/** x86 allows 2048 with the final NUL. */
export const COMMAND_LINE_BYTES_MAX = 2_047;

export const runningCommandLine = (): string => readFileSync('/proc/cmdline', 'utf8').trim();

/** The release's command line, or the running one when it has none, with the mark of this update at its end. */
export function nextCommandLine(
  command: Pick<AgentCommand, 'hostUpdateId' | 'attempt' | 'generation' | 'release'>,
  running = runningCommandLine(),
): string {
  const { hostUpdateId, attempt, generation, release } = command;
  const base = bytesOf(release?.kernelCommandLine || running);
  const { parameters, end } = parseKernelParameters(base);
  let kept = '';
  let from = 0;
  for (const old of parameters.filter(({ name }) => name === MARK)) {
    kept += base.slice(from, old.start);
    from = old.end;
  }
  kept += base.slice(from, end);
  const parts = [
    trimmed(kept),
    `${MARK}=${hostUpdateId}/${attempt}/${generation}`,
    trimmed(base.slice(end)),
  ];
  return textOf(parts.filter((part) => part !== '').join(' '));
}

/** Not `trim`, to which bytes of other characters are white space too. */
const trimmed = (bytes: string): string => bytes.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '');

/** Why a kernel with this command line could not take a live update over; null when it can. */
export function unfitCommandLine(commandLine: string): string | null {
  const bytes = bytesOf(commandLine);
  if (bytes.length > COMMAND_LINE_BYTES_MAX) {
    return `it has ${bytes.length} bytes; ${COMMAND_LINE_BYTES_MAX} are allowed`;
  }
  const parsed = parseKernelParameters(bytes);
  if (!parsed.isClosed) return 'a quote in it is never closed';
  for (const name of ['kho', 'liveupdate']) {
    if (findSwitch(parsed, name) !== true) return `it does not carry ${name}=on`;
  }
  return null;
}

/** The mark of a command line; null when no live update booted this kernel. */
export function readMark(commandLine: string): BootMark | null {
  const { parameters } = parseKernelParameters(bytesOf(commandLine));
  const value = parameters.findLast(({ name }) => name === MARK)?.value ?? '';
  const match = /^([^/]+)\/(\d+)\/(\d+)$/.exec(value);
  const [, hostUpdateId, attempt, generation] = match ?? [];
  if (hostUpdateId === undefined || attempt === undefined || generation === undefined) return null;
  return { hostUpdateId, attempt: Number(attempt), generation: BigInt(generation) };
}

/** Key of the reboot command of this attempt. */
export const rebootKey = ({ hostUpdateId, attempt }: Pick<BootMark, 'hostUpdateId' | 'attempt'>) =>
  `${hostUpdateId}/reboot/${attempt}`;
