// The host agent.
//
//   agent.cjs run --config FILE        one real host
//   agent.cjs simulate --hosts N ...   many simulated hosts in this process
//   agent.cjs version                  {"version","handlers","handoverFormats"} as JSON; preflight asks an image with it
//
// Exit status: 0 stopped in order, 1 failed, 2 wrong usage, settings or journal.
import { parseArgs } from 'node:util';
import { agentVersion } from './agent-version';
import { handoverFormat } from './backend/engine/handover-file';
import { compatibles } from './backend/engine/host-file';
import { JournalError } from './journal/journal-record';
import { describeError } from './model/reason';
import { runAgent } from './run/run-agent';

const USAGE = `usage:
  agent run --config FILE
  agent simulate --hosts N --control-plane ADDRESS[,ADDRESS] (agent simulate --help lists more)
  agent version
`;

class UsageError extends Error {}

async function main([command, ...args]: string[]): Promise<void> {
  switch (command) {
    case 'run': {
      const { values } = parseArgs({ args, options: { config: { type: 'string' } } });
      if (values.config === undefined) throw new UsageError('run needs --config FILE');
      return runAgent(values.config);
    }
    case 'simulate': {
      const { simulate } = await import('./simulate/simulate');
      return simulate(args);
    }
    case 'version':
      process.stdout.write(
        `${JSON.stringify({
          version: agentVersion,
          handlers: Object.values(compatibles),
          handoverFormats: [handoverFormat],
        })}\n`,
      );
      return;
    case undefined:
    default:
      throw new UsageError(command === undefined ? 'no command' : `unknown command ${command}`);
  }
}

const isWrongUse = (error: unknown): boolean =>
  error instanceof UsageError ||
  error instanceof JournalError ||
  (error as { code?: unknown }).code === 'SETTINGS_INVALID' ||
  String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');

main(process.argv.slice(2)).catch((error: unknown) => {
  const usage = error instanceof UsageError ? `\n${USAGE}` : '';
  process.stderr.write(`agent: ${describeError(error)}${usage}\n`);
  process.exitCode = isWrongUse(error) ? 2 : 1;
});
