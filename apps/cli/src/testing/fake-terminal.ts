import { Readable } from 'node:stream';
import type { Patience } from '../commands/command.context';
import type { ProgramEnvironment } from '../luofleet.program';
import type { Stream } from '../output/printer';
import { run } from '../run';

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Readable;
  readonly signal?: AbortSignal;
  /** A terminal of this size at both ends; without it they are pipes. */
  readonly tty?: { readonly columns: number; readonly rows: number };
  readonly patience?: Patience;
  /** Takes what goes to stderr as it is written. */
  readonly onStderr?: (text: string) => void;
}

/** Runs the program in this process and gathers what it writes. */
export async function runProgram(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { stdin = '', tty, patience, onStderr } = options;
  let stdout = '';
  let stderr = '';
  const stream = (write: Stream['write']): Stream =>
    tty ? { write, isTTY: true, ...tty } : { write };
  const environment: ProgramEnvironment = {
    terminal: {
      stdout: stream((text) => (stdout += text)),
      stderr: stream((text) => {
        stderr += text;
        onStderr?.(text);
      }),
    },
    nowMs: () => Date.parse('2026-01-01T00:10:00Z'),
    signal: options.signal ?? new AbortController().signal,
    version: '1.2.3',
    stdin: () => (typeof stdin === 'string' ? Readable.from([Buffer.from(stdin)]) : stdin),
    ...(patience && { patience }),
  };
  const exitCode = await run(args, environment);
  return { exitCode, stdout, stderr };
}
