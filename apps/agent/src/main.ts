// The host agent.
//
//   agent.cjs run --config FILE        one real host
//   agent.cjs simulate --hosts N ...   many simulated hosts in this process
//   agent.cjs version                  {"version","handlers","handoverFormats"} as JSON; preflight asks an image with it
//
// Everything that is not needed to take over what an earlier kernel handed over is loaded after that is done.
//
// Exit status: 0 stopped in order, 1 failed, 2 wrong usage, settings or journal.
import { closeOnExecFrom } from '@luofleet/linux';
import { readOptions } from '@luofleet/platform/command-line';
import { agentVersion } from './agent-version';
import { describeError } from './model/reason';
import { earlyPart } from './run/early-part';
import { milestone } from './run/milestones';

const USAGE = `usage:
  agent run --config FILE
  agent simulate --hosts N --control-plane ADDRESS[,ADDRESS] (agent simulate --help lists more)
  agent version
`;

class UsageError extends Error {}

async function main([command, ...args]: string[]): Promise<void> {
  milestone('bundle');
  switch (command) {
    case 'run': {
      // What came through an execve, or leaked from whoever started this process, is for no child of it.
      closeOnExecFrom(3);
      const { values } = readOptions({ args, options: { config: { type: 'string' } } });
      if (values.config === undefined) throw new UsageError('run needs --config FILE');
      const early = await earlyPart(values.config);
      const { runAgent } = await import('./run/run-agent');
      return runAgent(values.config, early);
    }
    case 'simulate': {
      const { simulate } = await import('./simulate/simulate');
      return simulate(args);
    }
    case 'version': {
      // An image that finds no native half it can load must not be taken for one that can run.
      closeOnExecFrom(3);
      readOptions({ args });
      const { handoverFormat } = await import('./backend/engine/handover-file');
      const { compatibles } = await import('./backend/engine/host-file');
      process.stdout.write(
        `${JSON.stringify({
          version: agentVersion,
          handlers: Object.values(compatibles),
          handoverFormats: [handoverFormat],
          endsWatch: true,
        })}\n`,
      );
      return;
    }
    case undefined:
    default:
      throw new UsageError(command === undefined ? 'no command' : `unknown command ${command}`);
  }
}

const isWrongUse = (error: unknown): boolean =>
  error instanceof UsageError ||
  /^(SETTINGS_INVALID$|JOURNAL_|ERR_PARSE_ARGS)/.test(String((error as { code?: unknown }).code));

main(process.argv.slice(2)).catch((error: unknown) => {
  const usage = error instanceof UsageError ? `\n${USAGE}` : '';
  process.stderr.write(`agent: ${describeError(error)}${usage}\n`);
  // At once: what was started so far, a server or a timer, would keep a process alive that does nothing.
  process.exit(isWrongUse(error) ? 2 : 1);
});
