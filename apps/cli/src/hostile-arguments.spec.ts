// Anything as any argument of any command and as any variable, found by walking the program: it ends with an exit code that
// says so, and nothing raw reaches the terminal.
import type { Command } from 'commander';
import { createProgram, type ProgramEnvironment } from './luofleet.program';
import { runProgram } from './testing/fake-terminal';
import { ScriptedServer, sendJson } from './testing/scripted-server';

const HOSTILE = [
  ...[
    '\u001b[31m',
    '\u001b]0;x\u0007',
    '\u009b2J',
    'a\nb',
    '\r',
    '\t',
    '\u007f',
    '\u202e',
    '\u2066',
  ],
  ...['\u2028', '\u200b', '\u200d', '\ufeff', '\ud800', '\u{e0041}', '\u0000', '__proto__', '%s'],
  ...['', '.', '..', '../releases'],
  'x'.repeat(20_000),
];
/** What options that can not be left out have when another one is tried. */
const SOUND: Readonly<Record<string, string>> = {
  ...{ '--filename': '-', '--image': __filename, '--version': '1' },
};
const MANIFEST =
  'apiVersion: luofleet.dev/v1\nkind: Rollout\nmetadata: {name: r}\nspec: {release: x}\n';
const RAW = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const server = new ScriptedServer();
let address: string;

beforeAll(async () => {
  address = await server.start();
  server.answer = ({ url }, response) =>
    sendJson(
      response,
      {
        ...{ type: 't', title: 't', status: 404, code: 'NOT_FOUND', instance: 'i', errors: [] },
        detail: `There is no ${decodeURIComponent(url)}.`,
      },
      404,
    );
});
afterAll(() => server.stop());

interface Case {
  readonly name: string;
  readonly argsWith: (text: string) => string[];
}

/** One case for each argument and each option that has a value. */
function casesOf(command: Command, before: readonly string[]): Case[] {
  const words = [...before, command.name()];
  const filled = command.registeredArguments.map((one) => (one.name() === 'kind' ? 'hosts' : 'x'));
  const needed = command.options
    .filter(({ mandatory, long }) => mandatory || long === '--yes')
    .map((option) =>
      option.isBoolean() ? `${option.long}` : `${option.long}=${SOUND[`${option.long}`]}`,
    );
  const others = (option: string) => needed.filter((one) => !one.startsWith(`${option}`));
  return [
    ...command.commands.flatMap((inner) => casesOf(inner, words)),
    ...filled.map((_sound, index) => ({
      name: `${words.join(' ')} <${command.registeredArguments[index]?.name()}>`,
      argsWith: (text: string) => [
        ...words,
        ...others('-none'),
        ...filled.map((sound, at) => (at === index ? text : sound)),
      ],
    })),
    ...command.options
      .filter((option) => !option.isBoolean())
      .map(({ long }) => ({
        name: `${words.join(' ')} ${long}`,
        argsWith: (text: string) => [...words, ...others(`${long}`), ...filled, `${long}=${text}`],
      })),
  ];
}

const program = createProgram({ terminal: {} } as unknown as ProgramEnvironment);
const commands = program.commands.filter((command) => command.name() !== 'help');
const cases: Case[] = [
  ...commands.flatMap((command) => casesOf(command, [])),
  ...program.options
    .filter((option) => !option.isBoolean())
    .map(({ long }) => ({
      name: `${long}`,
      argsWith: (text: string) => [`${long}=${text}`, 'get', 'hosts'],
    })),
];

async function expectSound(args: readonly string[]): Promise<void> {
  const ran = await runProgram(args, { stdin: MANIFEST, tty: { columns: 100, rows: 20 } });
  const lines = `${ran.stdout}${ran.stderr}`.split('\n');
  expect({ args, stack: /^ +at /m.exec(ran.stderr)?.[0] }).toEqual({ args, stack: undefined });
  expect({ args, raw: lines.filter((line) => RAW.test(line)) }).toEqual({ args, raw: [] });
  expect({ args, exitCode: [1, 2, 3].includes(ran.exitCode), said: ran.stderr !== '' }).toEqual({
    ...{ args, exitCode: true, said: true },
  });
}

it('finds the arguments and options', () => {
  expect(cases.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'get --selector',
      'apply --filename',
      'release create <name>',
      '--server',
    ]),
  );
});

it.each(cases)('$name', async ({ name, argsWith }) => {
  const where = name === '--server' ? [] : [`--server=${address}`];
  for (const text of HOSTILE) await expectSound([...where, ...argsWith(text)]);
});

const VARIABLES = program.options.flatMap(({ envVar }) => envVar ?? []);

it.each(VARIABLES)('%s', async (variable) => {
  const before = process.env[variable];
  try {
    for (const text of HOSTILE.filter((one) => !one.includes('\0'))) {
      process.env[variable] = text;
      await expectSound([
        'get',
        'hosts',
        ...(variable === 'LUOFLEET_SERVER' ? [] : ['--server', address]),
      ]);
    }
  } finally {
    if (before === undefined) delete process.env[variable];
    else process.env[variable] = before;
  }
});

it('asks nobody about a name that is a path', async () => {
  const before = server.answer;
  const asked: string[] = [];
  server.answer = ({ url }, response) => {
    asked.push(url);
    sendJson(response, {}, 404);
  };
  for (const name of ['', '.', '..'])
    await expectSound(['--server', address, 'get', 'hosts', name]);
  server.answer = before;
  expect(asked).toEqual([]);
});
