/**
 * DOC: the luofleet program
 *
 * Purpose: what operators type. Commands only translate between words and requests; decisions are the control plane's.
 *
 * Happy path: options are read, one command runs, its result is on stdout, exit code 0.
 * Unhappy paths: one message on stderr that says what went wrong, where, and what to do; exit code 1 the thing asked
 * for failed, 2 wrong usage, 3 the control plane can not be reached, 4 not allowed.
 */
import type { Readable } from 'node:stream';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  DURATION_MS_MAX,
  parseDurationMs,
  ROLLOUT_ACTIONS,
  type RolloutActionName,
} from '@luofleet/contracts';
import { ControlPlaneClient } from './api/control-plane.client';
import { STREAM_SILENCE_MS } from './api/event-stream.client';
import { SERVER_DEFAULT, ServerAddress } from './api/server.address';
import { act } from './commands/act.command';
import { apply, type ApplyOptions } from './commands/apply.command';
import type { CommandContext, Patience } from './commands/command.context';
import { describe } from './commands/describe.command';
import { get, type GetOptions } from './commands/get.command';
import { addLifecycle, addSkips } from './commands/lifecycle.command';
import { createRelease, type ReleaseCreateOptions } from './commands/release-create.command';
import { watch } from './commands/watch.command';
import { KINDS, parseKind } from './kinds/kinds';
import { OUTPUT_FORMATS, type OutputFormat, Printer, type Terminal } from './output/printer';
import { terminalLine } from './output/terminal-text';

/** What the program needs from the process it runs in. */
export interface ProgramEnvironment {
  readonly terminal: Terminal;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly stdin: () => Readable;
  readonly version: string;
  readonly patience?: Patience;
}

interface GlobalOptions {
  readonly server: string;
  readonly output: OutputFormat;
  readonly timeout: number;
}

const TIMEOUT_DEFAULT = '30s';
const PATIENCE_DEFAULT: Patience = {
  streamSilenceMs: STREAM_SILENCE_MS,
  reconnectPauseMs: 1000,
};

type Run = (context: CommandContext) => Promise<void>;

export function createProgram(environment: ProgramEnvironment): Command {
  const program = new Command('luofleet')
    .description('Live updates over a fleet of Linux hosts')
    .addOption(
      new Option('--server <url>', 'address of the control plane')
        .env('LUOFLEET_SERVER')
        .default(SERVER_DEFAULT),
    )
    .addOption(
      new Option('-o, --output <format>', 'how results are written')
        .choices(OUTPUT_FORMATS)
        .default('table'),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long a request may take, for example 30s')
        .env('LUOFLEET_TIMEOUT')
        .argParser(positiveDuration)
        .default(positiveDuration(TIMEOUT_DEFAULT), TIMEOUT_DEFAULT),
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 the thing asked for failed, 2 wrong usage,\n' +
        '3 the control plane can not be reached, 4 not allowed.',
    )
    .configureOutput({
      writeOut: (text) => environment.terminal.stdout.write(linesOf(text)),
      writeErr: (text) => environment.terminal.stderr.write(linesOf(text)),
    })
    .showHelpAfterError('(add --help for how to use it)')
    .exitOverride();
  const inContext = (run: Run) => {
    const { server, output, timeout } = program.opts<GlobalOptions>();
    const address = new ServerAddress(server, program.getOptionValueSource('server'));
    return run({
      patience: PATIENCE_DEFAULT,
      ...environment,
      client: new ControlPlaneClient(address, timeout, environment.signal),
      printer: new Printer(environment.terminal, output),
    });
  };
  addApply(program, inContext);
  addGet(program, inContext);
  addRelease(program, inContext);
  addWatch(program, inContext);
  // No --version: options of the program count after any command, and releases have one of that name.
  program
    .command('version')
    .description('version of this program')
    .action(() => {
      environment.terminal.stdout.write(`${environment.version}\n`);
    });
  for (const action of ROLLOUT_ACTIONS) addAction(program, action, inContext);
  addLifecycle(program, inContext);
  addSkips(program, inContext);
  refuseRepeats(program);
  // What a shell makes of a variable that is not set.
  program.hook('preAction', (_program, command) => {
    if (command.args.includes('')) command.error('error: an argument is empty');
  });
  return program;
}

/** Adds an option's values up; any other option is given at most once. None is empty. */
const collect = (value: string, before: readonly string[] = []) => [...before, value];

function refuseRepeats(command: Command): void {
  for (const option of command.options) {
    let given = 0;
    command.on(`option:${option.name()}`, (value: unknown) => {
      given += 1;
      if (value === '') command.error(`error: option '${option.flags}' is empty`);
      if (given > 1 && option.parseArg !== collect)
        command.error(`error: option '${option.flags}' is given more than once`);
    });
  }
  command.commands.forEach(refuseRepeats);
}

const linesOf = (text: string): string => text.split('\n').map(terminalLine).join('\n');

type InContext = (run: Run) => Promise<void>;

function addApply(program: Command, inContext: InContext): void {
  program
    .command('apply')
    .description('apply rollout manifests (YAML or JSON), each document of each file in order')
    .requiredOption(
      '-f, --filename <file>',
      'a manifest; "-" reads standard input; repeat for more',
      collect,
    )
    .option('--dry-run', 'show the plan, store nothing', false)
    .option('--idempotency-key <key>', 'the same key and manifest again give the same rollout')
    .action((options: ApplyOptions) => inContext((context) => apply(context, options)));
}

function addGet(program: Command, inContext: InContext): void {
  program
    .command('get')
    .alias('list')
    .description(`list ${KINDS.join(', ')}; with NAME one of them`)
    .argument('<kind>', KINDS.join(' | '))
    .argument(
      '[name]',
      'name or id; of the rollout for updates and events, of the session for files',
    )
    .option(
      '-l, --selector <selector>',
      'hosts: label selector, for example "zone=a,role in (db,web)"',
    )
    .option('--host <host>', 'sessions, files, events: only of this host')
    .option('--rollout <rollout>', 'updates, sessions, files, events: only of this rollout')
    .option('--session <id>', 'files: only of this session')
    .option('--state <state>', 'hosts, updates, files: only in this state')
    .option('--after <sequence>', 'events: only later ones', wholeNumber(0))
    .option('--limit <count>', 'at most so many; of events the newest', wholeNumber(1))
    .action((kind: string, name: string | undefined, options: GetOptions) =>
      inContext((context) => get(context, parseKind(kind), name, options)),
    );
  program
    .command('describe')
    .description('everything about one host, release, rollout or session')
    .argument('<kind>')
    .argument('<name>', 'name or id')
    .action((kind: string, name: string) =>
      inContext((context) => describe(context, parseKind(kind), name)),
    );
}

function addRelease(program: Command, inContext: InContext): void {
  program
    .command('release')
    .description('register releases')
    .command('create')
    .argument('<name>')
    .description('register a release; the digest of a local image is computed')
    .addOption(
      new Option('--kind <kind>', 'what the image is')
        .choices(['runtime', 'kernel'])
        .default('runtime'),
    )
    .requiredOption('--version <version>', 'what hosts report once they run it')
    .requiredOption('--image <file>', 'a local image, or its http address')
    .option('--sha256 <digest>', 'digest of the image; needed when it is not local')
    .option('--handler <compatible>', 'a file handler it can restore; repeat for more', collect, [])
    .option('--label <key=value>', 'a label; repeat for more', collect, [])
    .option('--command-line <text>', 'kernel: its command line')
    .option('--initrd <file>', 'kernel: a local initrd, or its http address')
    .option('--initrd-sha256 <digest>', 'kernel: digest of the initrd')
    .option('--luo-abi <text>', 'kernel: its LUO ABI string')
    .action((name: string, options: ReleaseCreateOptions) =>
      inContext((context) => createRelease(context, name, options)),
    );
}

function addWatch(program: Command, inContext: InContext): void {
  program
    .command('watch')
    .description('stay with a rollout until it ends; the exit code says how')
    .argument('<rollout>', 'name or id')
    .option('--through-pause', 'stay while it is paused', false)
    .action((name: string, options: { throughPause: boolean }) =>
      inContext((context) => watch(context, name, options)),
    );
}

const ACTION_DESCRIPTIONS: Record<RolloutActionName, string> = {
  pause: 'start no more host updates; those under way go on',
  resume: 'go on with a paused rollout',
  abort: 'start nothing more and undo what can be undone',
  retry: 'do failed and cancelled host updates again; takes up a paused or aborted rollout, too',
};

function addAction(program: Command, action: RolloutActionName, inContext: InContext): void {
  program
    .command(action)
    .description(ACTION_DESCRIPTIONS[action])
    .argument('<rollout>', 'name or id')
    .action((name: string) => inContext((context) => act(context, action, name)));
}

function wholeNumber(least: number) {
  return (text: string): number => {
    if (!/^\d{1,15}$/.test(text) || Number(text) < least)
      throw new InvalidArgumentError(`It is a whole number, at least ${least}.`);
    return Number(text);
  };
}

function positiveDuration(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === null || durationMs === 0 || durationMs > DURATION_MS_MAX)
    throw new InvalidArgumentError(
      'It is a duration with a unit, for example 30s or 1m30s, longer than 0 and at most 24h.',
    );
  return durationMs;
}
