import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { workspace } from './workspace.mjs';

const run = (program, ...args) =>
  spawnSync(process.execPath, [path.join(workspace, 'tools', program), ...args], {
    encoding: 'utf8',
  });

// Every command line of the tools: none may start anything here, so each is wrong in one way.
for (const [program, ...args] of [
  ['bootstrap/start.mjs', '--hosts', '2', '--hosts', '9'],
  ['bootstrap/start.mjs', '--hosts=2', '--hosts=2'],
  ['bootstrap/start.mjs', '--json', '--json'],
  ['bootstrap/start.mjs', '-hh'],
  ['test/run.mjs', '--only', 'lint', '--only', 'types'],
  ['test/run.mjs', '--only=lint', '--only=lint'],
  ['gen/run.mjs', '--check', '--check'],
  ['kernel-lab/run.mjs', 'boot', '--count', '1', '--count', '2'],
  ['kernel-lab/run.mjs', 'boot', '--kernel', 'a', '--app', '.', '--kernel', 'b'],
  ['kernel-lab/run.mjs', 'build', '--refresh', '--refresh'],
  ['kernel-lab/run.mjs', 'test', 'conformance', '--only', 'a', '--only', 'b'],
]) {
  test(`${program} ${args.join(' ')} is refused: an option is given twice`, () => {
    const { status, stdout, stderr } = run(program, ...args);
    assert.match(stderr, /is given more than once/);
    assert.match(stderr, /usage: /);
    assert.deepEqual({ status, stdout }, { status: 2, stdout: '' });
  });
}

for (const [why, program, ...args] of [
  [/--hosts takes a whole number/, 'bootstrap/start.mjs', '--hosts', '2x'],
  [/Unknown option '--check'/, 'bootstrap/services.mjs', '--check'],
  [/Unexpected argument 'more'/, 'bootstrap/migrate.mjs', 'more'],
  [/Unknown option '--chek'/, 'gen/run.mjs', '--chek'],
  [/Unexpected argument 'lint'/, 'test/run.mjs', '--only', 'unit', 'lint'],
  [/no step ""/, 'test/run.mjs', '--only', 'unit,'],
  [/Which app/, 'build/run.mjs', 'apps/cli', 'apps/agent'],
  [/Which command/, 'kernel-lab/run.mjs'],
  [/no command toString/, 'kernel-lab/run.mjs', 'toString'],
  [/no test nothing/, 'kernel-lab/run.mjs', 'test', 'nothing'],
  [/conformance is named twice/, 'kernel-lab/run.mjs', 'test', 'conformance', 'conformance'],
  [/--count takes a whole number from 1/, 'kernel-lab/run.mjs', 'boot', '--count', '0'],
  [/no kernel z/, 'kernel-lab/run.mjs', 'boot', '--kernel', 'z'],
  [/Unknown option '--only'/, 'kernel-lab/run.mjs', 'build', '--only', 'a'],
  [/Unexpected argument 'more'/, 'kernel-lab/run.mjs', 'build', 'more'],
]) {
  test(`${program} ${args.join(' ')} is refused: ${why}`, () => {
    const { status, stdout, stderr } = run(program, ...args);
    assert.match(stderr, why);
    assert.deepEqual({ status, stdout }, { status: 2, stdout: '' });
  });
}

test('a benchmark refuses what is given twice, and what it does not know', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'luofleet-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const bundle = path.join(directory, 'one.mjs');
  writeFileSync(
    bundle,
    "export const options = { max: { type: 'string' } }; export default async (given) => given;",
  );
  const bench = (...args) => run('bench/main.mjs', bundle, ...args);
  assert.match(bench('--max', '1', '--max', '2').stderr, /--max is given more than once/);
  assert.equal(bench('--max', '1', '--max=2').status, 2);
  assert.equal(bench('--json', '--json').status, 2);
  assert.equal(bench('--mux', '1').status, 2);
  assert.deepEqual(JSON.parse(bench('--json', '--max', '1').stdout), { max: '1' });
});
