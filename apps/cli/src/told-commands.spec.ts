// Every command that a page, a message or a document tells somebody to type is one.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from './testing/fake-terminal';

const workspace = path.resolve(__dirname, '../../..');
const TELLING = /\.(?:tsx?|mjs|md|ya?ml)$/;
const NOT_OURS = /\.(?:e2e-|int-)?spec\.tsx?$|(?:^|\/)(?:node_modules|dist|generated)\//;

const files = ['README.md', 'CONTRIBUTING.md', 'docs', 'examples', 'apps', 'libs', 'tools'].flatMap(
  (place) =>
    place.endsWith('.md')
      ? [place]
      : readdirSync(path.join(workspace, place), { recursive: true, encoding: 'utf8' }).map(
          (file) => path.join(place, file),
        ),
);

/** What a reader puts in for a placeholder. */
const filledIn = (command: string) =>
  command.replaceAll('${kind}', 'hosts').replace(/\$\{[^}]*\}/g, 'x');

const COMMAND =
  /\bluofleet ((?:apply|get|list|describe|release|watch|version|pause|resume|abort|retry|skip|unskip|decommission|recommission)\b(?:\$\{[^}]*\}|[^`'",;<)\n])*)/g;

const told = files
  .filter((file) => TELLING.test(file) && !NOT_OURS.test(file))
  .flatMap((file) =>
    [...readFileSync(path.join(workspace, file), 'utf8').matchAll(COMMAND)].map(
      ([, command = '']): [string, string] => [filledIn(command).trim(), file],
    ),
  );

it('finds them', () => {
  expect(told.map(([command]) => command)).toEqual(
    expect.arrayContaining(['get hosts', 'apply -f rollout.yaml', 'get updates x', 'retry x']),
  );
});

it.each(told)('luofleet %s (%s)', async (command) => {
  const ran = await runProgram(['--server', 'http://127.0.0.1:9', ...command.split(/\s+/)]);
  expect(ran.stderr).not.toMatch(/^error:/m);
});
