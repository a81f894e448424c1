/** Runs the example of the README as it stands there and compares what it prints with what it says it prints. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as engine from '../src';
import { readLibraryFile, workspace } from './documents';

/** Does what the README says, with the example in a folder of its own. @returns the printed lines */
function run(example: string, commands: string): string[] {
  const dist = path.join(workspace, 'dist');
  mkdirSync(dist, { recursive: true });
  const folder = mkdtempSync(path.join(dist, 'example-'));
  try {
    writeFileSync(path.join(folder, 'example.ts'), example);
    const own = commands
      .replace('example.ts', path.join(folder, 'example.ts'))
      .replaceAll('dist/example.mjs', path.join(folder, 'example.mjs'));
    const printed = execFileSync('bash', ['-e', '-c', own], { cwd: workspace, encoding: 'utf8' });
    return printed.trimEnd().split('\n').slice(-2);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('the example prints what it says, run as it says', () => {
  const readme = readLibraryFile('README.md');
  const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  const [, commands = ''] = /```sh\n([\s\S]*?)```/.exec(readme) ?? [];
  const promised = example
    .trimEnd()
    .split('\n')
    .slice(-2)
    .map((line) => line.replace('// ', ''));
  expect(promised).toEqual([
    'open failed with EBUSY: the device is open; one opener at a time',
    'hi',
  ]);
  expect(run(example, commands)).toEqual(promised);
});

it('every exported class is named in the README', () => {
  const readme = readLibraryFile('README.md');
  const classes = Object.keys(engine).filter((name) => /^[A-Z][a-z]/.test(name));
  expect(classes.filter((name) => !readme.includes(name))).toEqual([]);
});
