import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { identify, isRunning, waitUntilGone } from './processes.mjs';
import { cleanUpFinishedRuns, createRunDirectory } from './run-directory.mjs';
import { Supervisor } from './supervisor.mjs';

const node = process.execPath;
const LONG_MS = 20_000;

function supervise(t, options) {
  const run = createRunDirectory('selftest');
  const supervisor = new Supervisor(run, options);
  t.after(async () => {
    await supervisor.stopAll();
    rmSync(run.directory, { recursive: true });
  });
  return supervisor;
}

const serving = "console.log('serving'); setInterval(() => {}, 1000);";
const ready = (line) => line === 'serving';

test('resolves on the ready line, keeps the output, stops what others use at last', async (t) => {
  const supervisor = supervise(t);
  const order = [];
  for (const name of ['first', 'second']) {
    const usedByOthers = name === 'first';
    const args = ['-e', serving];
    const started = await supervisor.start({ name, command: node, args, ready, usedByOthers });
    void started.exited.then(() => order.push(name));
  }
  await supervisor.stopAll();
  assert.deepEqual(order, ['second', 'first']);
  assert.match(readFileSync(path.join(supervisor.run.logs, 'first.log'), 'utf8'), /serving/);
});

test('a process that ends before it is ready is reported with its last words', async (t) => {
  const supervisor = supervise(t);
  const start = supervisor.start({
    name: 'broken',
    command: node,
    args: ['-e', "console.error('no such thing'); process.exit(3)"],
    ready,
  });
  await assert.rejects(start, /broken ended before it was ready \(exit code 3\)[^]*no such thing/);
});

test('a program that is not there is reported', async (t) => {
  await assert.rejects(
    supervise(t).start({ name: 'absent', command: '/no/such/program', ready }),
    /absent could not be started/,
  );
});

test('one that ends by itself later is told', async (t) => {
  let told;
  const ended = new Promise((resolve) => (told = resolve));
  const supervisor = supervise(t, { onUnexpectedExit: told });
  await supervisor.start({
    name: 'fleeting',
    command: node,
    args: ['-e', "console.log('serving'); setTimeout(() => process.exit(7), 10)"],
    ready,
  });
  const { name, code } = await ended;
  assert.deepEqual({ name, code }, { name: 'fleeting', code: 7 });
});

test('stops what a child left running in a group of its own', async (t) => {
  const supervisor = supervise(t);
  const script = `const { spawn } = require('node:child_process');
    const orphan = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
    console.log('orphan ' + orphan.pid); setInterval(() => {}, 1000);`;
  const { ready: pid } = await supervisor.start({
    name: 'parent',
    command: node,
    args: ['-e', script],
    ready: (line) => Number(/^orphan (\d+)/.exec(line)?.[1] ?? 0) || undefined,
  });
  const orphan = identify(pid);
  assert.ok(isRunning(orphan));
  await supervisor.stopAll();
  assert.ok(!isRunning(orphan));
});

const holdsOutput = `const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'inherit' });
  child.unref(); console.log('serving');`;

test('one that ends and leaves a child with its output is told, and stopped', async (t) => {
  let told;
  const ended = new Promise((resolve) => (told = resolve));
  const supervisor = supervise(t, { onUnexpectedExit: told });
  await supervisor.start({ name: 'parent', command: node, args: ['-e', holdsOutput], ready });
  assert.equal((await ended).code, 0);
});

test('does not wait for an output that a child out of reach holds', async (t) => {
  const supervisor = supervise(t);
  const args = ['-e', `${holdsOutput} ${serving}`];
  await supervisor.start({ name: 'parent', command: node, args, ready });
  await supervisor.stopAll();
});

test('asks all to stop before it waits for one that does not', async (t) => {
  const supervisor = supervise(t);
  const deaf = `process.on('SIGTERM', () => {}); ${serving}`;
  const names = ['one', 'two', 'three'];
  const kinds = [serving, deaf, deaf];
  const started = await Promise.all(
    names.map((name, index) =>
      supervisor.start({ name, command: node, args: ['-e', kinds[index]], ready }),
    ),
  );
  const gone = [];
  for (const { name, exited } of started) void exited.then(() => gone.push(name));
  const stopped = supervisor.stopAll();
  await started[0].exited; // the earliest started, while the later ones still hold out
  assert.deepEqual(gone, ['one']);
  for (const { pid } of started.slice(1)) process.kill(pid, 'SIGKILL');
  await stopped;
});

async function startVictim() {
  const module = (name) => JSON.stringify(path.join(import.meta.dirname, name));
  const script = `import { Supervisor } from ${module('supervisor.mjs')};
    import { createRunDirectory } from ${module('run-directory.mjs')};
    const supervisor = new Supervisor(createRunDirectory('selftest'));
    const { pid } = await supervisor.start({ name: 'child', command: process.execPath, args: ['-e', ${JSON.stringify(serving)}], ready: (line) => line === 'serving' });
    console.log(JSON.stringify({ pid, directory: supervisor.run.directory }));
    setInterval(() => {}, 1000);`;
  const owner = spawn(node, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(owner.stdout, 'data');
  const { pid, directory } = JSON.parse(String(line));
  return { owner, child: identify(pid), directory };
}

test('nothing is left when the owner is killed', async (t) => {
  const { owner, child, directory } = await startVictim();
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  owner.kill('SIGKILL');
  assert.ok(await waitUntilGone(child, LONG_MS), 'the child outlived its owner');
});

test('whoever comes next cleans up after an owner and a warden that were both killed', async (t) => {
  const { owner, child, directory } = await startVictim();
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const warden = Number(
    readFileSync(`/proc/${owner.pid}/task/${owner.pid}/children`, 'utf8').split(' ')[0],
  );
  process.kill(warden, 'SIGKILL');
  assert.ok(await waitUntilGone(identify(warden), LONG_MS));
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  assert.ok(isRunning(child));
  await cleanUpFinishedRuns();
  assert.ok(!isRunning(child));
});
