import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { withMachineLock } from './machine-lock.mjs';

test('one holder at a time, and everybody gets it', async () => {
  const name = randomUUID();
  let holders = 0;
  let turns = 0;
  const turn = () =>
    withMachineLock(name, async () => {
      assert.equal(++holders, 1);
      await new Promise(setImmediate);
      holders--;
      turns++;
    });
  await Promise.all(Array.from({ length: 20 }, turn));
  assert.equal(turns, 20);
});

test('a holder that fails frees it', async () => {
  const name = randomUUID();
  await assert.rejects(
    withMachineLock(name, () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await withMachineLock(name, () => 'mine'), 'mine');
});

test('a holder that is killed frees it', async () => {
  const name = randomUUID();
  const module = path.join(import.meta.dirname, 'machine-lock.mjs');
  const script = `import { withMachineLock } from ${JSON.stringify(module)};
    await withMachineLock(${JSON.stringify(name)}, () => { console.log('held'); setInterval(() => {}, 1000); return new Promise(() => {}); });`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  let waited = false;
  const onWait = () => {
    waited = true;
    holder.kill('SIGKILL');
  };
  assert.equal(await withMachineLock(name, () => 'mine', onWait), 'mine');
  assert.ok(waited, 'the lock was free while its holder lived');
});
