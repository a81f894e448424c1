import { CommanderError } from 'commander';
import { CliError, EXIT, formatError } from './cli.error';
import { createProgram, type ProgramEnvironment } from './luofleet.program';
import { terminalLine } from './output/terminal-text';

/** Exit code of a program that was interrupted by SIGINT, as shells count. */
export const INTERRUPTED = 130;

/** Runs the program with these arguments (without node and script) and returns its exit code. */
export async function run(
  args: readonly string[],
  environment: ProgramEnvironment,
): Promise<number> {
  try {
    await createProgram(environment).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    if (environment.signal.aborted) return INTERRUPTED;
    for (const line of formatError(error))
      environment.terminal.stderr.write(`${terminalLine(line)}\n`);
    return error instanceof CliError ? error.exitCode : EXIT.failed;
  }
}
