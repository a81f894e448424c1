import type { ProgramEnvironment } from '../luofleet.program';
import { run } from '../run';

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program in this process and gathers what it writes. */
export async function runProgram(
  args: readonly string[],
  options: { readonly stdin?: string; readonly signal?: AbortSignal } = {},
): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const environment: ProgramEnvironment = {
    terminal: {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
    },
    nowMs: () => Date.parse('2026-01-01T00:10:00Z'),
    signal: options.signal ?? new AbortController().signal,
    version: '1.2.3',
    readStdin: () => Promise.resolve(options.stdin ?? ''),
  };
  const exitCode = await run(args, environment);
  return { exitCode, stdout, stderr };
}
