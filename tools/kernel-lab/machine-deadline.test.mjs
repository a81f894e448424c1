import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Machine } from './machine.mjs';

const LIMITS = { quietMs: 60_000, totalMs: 200_000 };

/** A machine whose guest is `cat`: it says what it is told, and switches itself off when nothing more comes. */
async function guest(t) {
  const directory = mkdtempSync(path.join(tmpdir(), 'luofleet-machine-'));
  const child = spawn('cat', { stdio: ['pipe', 'pipe', 'pipe'] });
  const out = path.join(directory, 'out');
  mkdirSync(out);
  const machine = new Machine('m', child, path.join(directory, 'console.log'), out);
  t.after(async () => {
    await machine.stop();
    rmSync(directory, { recursive: true });
  });
  const say = async (text) => {
    const from = machine.console.length;
    const heard = machine.waitForConsole(new RegExp(text), from);
    child.stdin.write(`${text}\n`);
    await heard;
  };
  await say('early boot');
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  return { machine, out, say, switchOff: () => child.stdin.end() };
}

/** What `promise` was rejected with by now; undefined while it is pending. */
const errorOf = (promise) =>
  Promise.race([promise.catch((error) => error), new Promise((resolve) => setImmediate(resolve))]);

test('a machine that stands still fails the wait for its end, with the tail of its console', async (t) => {
  const { machine } = await guest(t);
  const off = machine.untilOff(LIMITS);
  t.mock.timers.tick(LIMITS.quietMs - 1000);
  assert.equal(await errorOf(off), undefined);
  t.mock.timers.tick(2000);
  const error = await errorOf(off);
  assert.equal(error?.name, 'SetupError');
  assert.match(
    error.message,
    /^Waited for the end of machine m: it stood still for 60 s\.[\s\S]*early boot\n$/,
  );
  assert.match(error.advice, /console\.log/);
});

test('one that stands still fails the wait for a line, with the line', async (t) => {
  const { machine } = await guest(t);
  const ready = machine.waitForConsole(/^READY/m, 0, LIMITS);
  t.mock.timers.tick(LIMITS.quietMs);
  const error = await errorOf(ready);
  assert.match(String(error), /^SetupError: Waited for \/\^READY\/m on the console of machine m/);
});

test('a line on the console or a file in /out is progress, until the total', async (t) => {
  const { machine, out, say } = await guest(t);
  const off = machine.untilOff(LIMITS);
  const nearlyQuiet = LIMITS.quietMs - 10_000;
  t.mock.timers.tick(nearlyQuiet);
  await say('more');
  t.mock.timers.tick(nearlyQuiet);
  writeFileSync(path.join(out, 'agent.log'), 'a');
  t.mock.timers.tick(nearlyQuiet);
  writeFileSync(path.join(out, 'agent.log'), 'ab');
  t.mock.timers.tick(nearlyQuiet - 10_000);
  assert.equal(await errorOf(off), undefined);
  await say('still busy');
  t.mock.timers.tick(nearlyQuiet);
  assert.match(String(await errorOf(off)), /did not get there within 200 s/);
});

test('a machine that ends in time is no failure', async (t) => {
  const { machine, switchOff } = await guest(t);
  const off = machine.untilOff(LIMITS);
  switchOff();
  assert.deepEqual(await off, { code: 0, signal: null });
  const ready = machine.waitForConsole(/^READY/m, 0, LIMITS);
  assert.match(String(await errorOf(ready)), /went off without saying/);
});
