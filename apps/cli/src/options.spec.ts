import type { Command, Option } from 'commander';
import { createProgram } from './luofleet.program';
import { runProgram } from './testing/fake-terminal';

const program = createProgram({
  terminal: { stdout: { write: () => true }, stderr: { write: () => true } },
  ...{ nowMs: () => 0, signal: new AbortController().signal, version: '1' },
  stdin: () => {
    throw new Error('not read');
  },
});

/** What adds up. Any other option that is given twice is refused, also one that is new. */
const ADDS_UP = ['apply --filename', 'release create --handler', 'release create --label'];

const pathOf = (command: Command): string[] =>
  command.parent ? [...pathOf(command.parent), command.name()] : [];

const commands = (command: Command): Command[] => [command, ...command.commands.flatMap(commands)];

const cases = commands(program).flatMap((command) =>
  command.options.map((option): [string, Command, Option] => [
    [...pathOf(command), option.long].join(' '),
    command,
    option,
  ]),
);

/** A value that the option takes. */
function valueOf({ argChoices, long }: Option): string {
  if (argChoices) return argChoices[0] ?? '';
  return (
    { '--timeout': '30s', '--after': '1', '--limit': '1', '--server': 'http://[::1]:1' }[
      long ?? ''
    ] ?? 'a=b'
  );
}

it('covers options of every command', () => {
  expect(cases.length).toBeGreaterThan(20);
});

/** Every way in which a command line can say an option with a value, or without one. */
function formsOf(option: Option): string[][] {
  const { short, long = '' } = option;
  if (!option.required && !option.optional) return [[long], ...(short ? [[short]] : [])];
  const value = valueOf(option);
  const brief = short ? [[short, value], [`${short}${value}`]] : [];
  return [[long, value], [`${long}=${value}`], ...brief];
}

const pairs = cases
  .filter(([name]) => !ADDS_UP.includes(name))
  .flatMap(([, command, option]) =>
    formsOf(option).flatMap((one) =>
      formsOf(option).map((other): [string, Command, Option, string[]] => {
        const words = command === program ? ['get', 'hosts'] : pathOf(command);
        const given = [...words, ...one, ...other];
        return [given.join(' '), command, option, given];
      }),
    ),
  );

it.each(pairs)('refuses %s', async (_words, _command, option, given) => {
  const ran = await runProgram(given);
  expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  expect(ran.stderr).toContain(`option '${option.flags}' is given more than once`);
});

it.each([
  [['apply', '--dry-run', '--no-dry-run', '-f', '-'], "unknown option '--no-dry-run'"],
  [['apply', '--dry-run=true', '-f', '-'], 'unknown option'],
  [['skip', 'r', '--offline=no'], 'unknown option'],
  [['get', 'hosts', '--out', 'json'], "unknown option '--out'"],
  [['get', 'hosts', 'h', '--', '-o', 'json'], 'too many arguments'],
  [['-o', 'json', 'get', '-oyaml', 'hosts'], 'more than once'],
  [['--timeout=1s', 'apply', '-f', '-', '--timeout', '2s'], 'more than once'],
])('%j is no way around it', async (args, text) => {
  const ran = await runProgram(args);
  expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  expect(ran.stderr).toContain(text);
});

it('takes what follows -- for names', async () => {
  const ran = await runProgram([
    '--timeout',
    '1s',
    '--server',
    'http://127.0.0.1:9',
    'pause',
    '--',
    '-o',
  ]);
  expect(ran).toMatchObject({ exitCode: 3, stdout: '' });
});

it.each(cases.filter(([name]) => ADDS_UP.includes(name)))(
  '%s twice adds up',
  async (_, command, option) => {
    const ran = await runProgram([
      ...pathOf(command),
      option.long ?? '',
      'a=b',
      option.long ?? '',
      'c=d',
    ]);
    expect(ran.stderr).not.toContain('more than once');
  },
);

it.each<[string, string[], string]>([
  [
    'program options on both sides of the command',
    ['-o', 'json', 'get', 'hosts', '-o', 'yaml'],
    'more than once',
  ],
  ['one argument too many', ['pause', 'a', 'b'], 'too many arguments'],
  ['a rollout by name and option', ['get', 'updates', 'a', '--rollout', 'b'], 'given twice'],
  ['a session by name and option', ['get', 'files', 'a', '--session', 'b'], 'given twice'],
  [
    'a rollout of events by name and option',
    ['get', 'events', 'a', '--rollout', 'b'],
    'given twice',
  ],
  ['a name and a selector', ['get', 'hosts', 'a', '-l', 'zone=b'], '--selector is for lists'],
  ['a file', ['apply', '-f', 'a', '-f', 'a'], 'a is given twice'],
  ['standard input', ['apply', '-f', '-', '-f', '-'], 'standard input is given twice'],
  [
    'a label',
    [
      'release',
      'create',
      'r',
      '--version',
      '1',
      '--image',
      __filename,
      '--label',
      'a=1',
      '--label',
      'a=2',
    ],
    'the label a is given twice',
  ],
])('refuses %s', async (_name, args, text) => {
  const ran = await runProgram(args);
  expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  expect(ran.stderr).toContain(text);
});

const valued = cases.filter(([, , option]) => option.required);

it.each(valued)('refuses an empty %s', async (_name, command, option) => {
  const words = command === program ? ['get', 'hosts'] : pathOf(command);
  for (const given of [[option.long ?? '', ''], [`${option.long}=`]]) {
    const ran = await runProgram([...words, ...given]);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  }
});

it.each([
  ['get', 'hosts', ''],
  ['get', 'files', ''],
  ['get', 'events', ''],
  ['describe', 'host', ''],
  ['pause', ''],
  ['skip', 'r', 'a', ''],
  ['decommission', 'host', ''],
  ['release', 'create', '', '--version', '1', '--image', __filename],
])('refuses an empty argument: %j %j %j', async (...args) => {
  const ran = await runProgram(args);
  expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  expect(ran.stderr).toContain('empty');
});

it('refuses the digest of an initrd without one', async () => {
  const release = ['release', 'create', 'r', '--version', '1', '--image', __filename];
  const ran = await runProgram([...release, '--kind', 'kernel', '--initrd-sha256', 'a'.repeat(64)]);
  expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  expect(ran.stderr).toContain('--initrd');
});
