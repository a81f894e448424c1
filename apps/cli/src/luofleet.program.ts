/**
 * DOC: the luofleet program
 *
 * Purpose: what operators type. Commands only translate between words and requests; decisions are the control plane's.
 *
 * Happy path: options are read, one command runs, its result is on stdout, exit code 0.
 * Unhappy paths: one message on stderr that says what went wrong, where, and what to do; exit code 1 the thing asked
 * for failed, 2 wrong usage, 3 the control plane can not be reached, 4 not allowed.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { ROLLOUT_ACTIONS, type RolloutActionName } from '@luofleet/contracts';
import { ControlPlaneClient } from './api/control-plane.client';
import { act } from './commands/act.command';
import { apply } from './commands/apply.command';
import type { CommandContext } from './commands/command.context';
import { describe } from './commands/describe.command';
import { get, type GetOptions } from './commands/get.command';
import { addLifecycle, addSkips } from './commands/lifecycle.command';
import { createRelease, type ReleaseCreateOptions } from './commands/release-create.command';
import { watch } from './commands/watch.command';
import { KINDS, parseKind } from './kinds/kinds';
import { OUTPUT_FORMATS, type OutputFormat, Printer, type Terminal } from './output/printer';

export const SERVER_DEFAULT = 'http://127.0.0.1:7070';

/** What the program needs from the process it runs in. */
export interface ProgramEnvironment {
  readonly terminal: Terminal;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly readStdin: () => Promise<string>;
  readonly version: string;
}

interface GlobalOptions {
  readonly server: string;
  readonly output: OutputFormat;
}

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
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 the thing asked for failed, 2 wrong usage,\n' +
        '3 the control plane can not be reached, 4 not allowed.',
    )
    .configureOutput({
      writeOut: (text) => environment.terminal.stdout.write(text),
      writeErr: (text) => environment.terminal.stderr.write(text),
    })
    .showHelpAfterError('(add --help for how to use it)')
    .exitOverride();
  const inContext = (run: Run) => {
    const { server, output } = program.opts<GlobalOptions>();
    return run({
      ...environment,
      client: new ControlPlaneClient(server),
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
  return program;
}

type InContext = (run: Run) => Promise<void>;

function addApply(program: Command, inContext: InContext): void {
  program
    .command('apply')
    .description('apply a rollout manifest (YAML or JSON)')
    .requiredOption('-f, --filename <file>', 'the manifest; "-" reads standard input')
    .option('--dry-run', 'show the plan, store nothing', false)
    .option('--idempotency-key <key>', 'the same key and manifest again give the same rollout')
    .action((options: { filename: string; dryRun: boolean; idempotencyKey?: string }) =>
      inContext((context) => apply(context, options)),
    );
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
  const collect = (value: string, before: readonly string[]) => [...before, value];
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
