/** Runs the example of the README as it stands there and compares what it prints with what it says it prints. */
import { transformSync } from '@swc/core';
import * as engine from '../src';
import { readLibraryFile } from './documents';

const IMPORT = /import (\{[^}]*\}) from '@luofleet\/luo-engine';/;

async function run(source: string): Promise<string[]> {
  const body = source.replace(IMPORT, 'const $1 = engine;');
  expect(body).not.toMatch(/^import /m);
  const { code } = transformSync(`async function example() {\n${body}\n}`, {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    isModule: false,
  });
  const printed: string[] = [];
  const console = { log: (line: unknown) => printed.push(String(line)) };
  const make = new Function('engine', 'console', `${code}\nreturn example;`) as (
    ...scope: unknown[]
  ) => () => Promise<void>;
  await make(engine, console)();
  return printed;
}

it('the example prints what it says', async () => {
  const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(readLibraryFile('README.md')) ?? [];
  const promised = example
    .trimEnd()
    .split('\n')
    .slice(-2)
    .map((line) => line.replace('// ', ''));
  expect(promised).toEqual([
    'open failed with EBUSY: the device is open; one opener at a time',
    'hi',
  ]);
  expect(await run(example)).toEqual(promised);
});

it('every exported class is named in the README', () => {
  const readme = readLibraryFile('README.md');
  const classes = Object.keys(engine).filter((name) => /^[A-Z][a-z]/.test(name));
  expect(classes.filter((name) => !readme.includes(name))).toEqual([]);
});
