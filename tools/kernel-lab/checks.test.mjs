import assert from 'node:assert/strict';
import test from 'node:test';
import { Checks, withLimit } from './checks.mjs';

function heard() {
  const lines = [];
  return { lines, checks: new Checks((text) => lines.push(...text.split('\n'))) };
}

test('a check that fails is counted, and the ones after it are made', async () => {
  const { lines, checks } = heard();
  assert.equal(await checks.run('first', async () => 1), 1);
  const failing = async () => {
    throw new Error('it is broken');
  };
  assert.equal(await checks.run('second', failing), undefined);
  assert.equal(await checks.run('third', async () => 3), 3);
  assert.equal(checks.total, '2 passed, 1 failed');
  assert.equal(checks.exitCode, 1);
  assert.match(lines.join('\n'), /^ok {5}first.*\nFAILED second.*\n {7}Error: it is broken/);
});

test('a check that never ends fails with its name', async () => {
  const { lines, checks } = heard();
  await checks.run('the machine boots', () => new Promise(() => {}), { limitMs: 1 });
  assert.equal(checks.total, '0 passed, 1 failed');
  assert.match(lines.join('\n'), /Not within 0\.001 s: the machine boots/);
});

test('a run without checks is no success', async () => {
  const { checks } = heard();
  assert.equal(checks.exitCode, 1);
  checks.pass('scenarios', 2);
  assert.equal(checks.exitCode, 0);
  assert.equal(checks.total, '2 passed, 0 failed');
});

test('work that ends in time is not cut off', async () => {
  assert.equal(await withLimit(60_000, 'work', async () => 'done'), 'done');
});
