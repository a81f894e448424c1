import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { withMachineLock } from './machine-lock.mjs';
import { identify, isRunning, waitUntilGone } from './processes.mjs';
import { runCommand } from './run-command.mjs';

const LONG_MS = 30_000;
const stays = 'setInterval(() => {}, 1000);';
const stubborn = "process.on('SIGTERM', () => {});";
const node = (script, options) => runCommand(process.execPath, ['-e', script], options);

/** Has a child of its own hold its output; says the child's pid. */
const leaves = (options) => `const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', ${JSON.stringify(stays)}], ${options});
  child.unref(); console.log(child.pid);`;

test('resolves to its output, and rejects with the end of it', async () => {
  assert.equal(await node("console.log('said')"), 'said\n');
  await assert.rejects(node("console.error('no such thing'); process.exit(3)"), {
    name: 'SetupError',
    message: /ended with 3:\nno such thing/,
  });
  await assert.rejects(runCommand('/no/such/program', []), /can not be run/);
});

test('one that takes too long is killed', async () => {
  await assert.rejects(node(`${stubborn}${stays}`, { limitMs: 300 }), /SIGKILL after 0.3 s/);
});

test('children that hold the output of one that ended are killed', async () => {
  const said = await node(leaves("{ stdio: 'inherit' }"), { graceMs: 300 });
  assert.ok(await waitUntilGone(identify(Number(said)), LONG_MS));
});

test('a child out of reach that holds its output is not waited for', async (t) => {
  const said = await node(leaves("{ stdio: 'inherit', detached: true }"), { graceMs: 300 });
  const child = identify(Number(said));
  t.after(() => process.kill(child.pid, 'SIGKILL'));
  assert.ok(isRunning(child));
});

/** A process that does `work` until it is stopped, and reports as the tools do. */
async function start(t, work) {
  const here = (name) => JSON.stringify(path.join(import.meta.dirname, name));
  const script = `import { withMachineLock } from ${here('machine-lock.mjs')};
    import { runCommand } from ${here('run-command.mjs')};
    import { reportError } from ${here('setup-error.mjs')};
    import { stoppable } from ${here('stop-signal.mjs')};
    try { await stoppable(async () => { ${work} }); } catch (error) { process.exit(reportError(error)); }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, ended, line };
}

for (const [signal, exitCode] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
]) {
  test(`${signal} ends the wait for a lock`, async (t) => {
    const name = randomUUID();
    await withMachineLock(name, async () => {
      const waiting = `withMachineLock(${JSON.stringify(name)}, () => {}, () => console.log('waits'))`;
      const { child, ended } = await start(t, `await ${waiting}`);
      child.kill(signal);
      assert.deepEqual(await ended, [exitCode, null]);
    });
  });
}

/** The command's child tells its pid in a fifo, since its output is kept. */
function commandWith(t, script, options = '{}') {
  const directory = mkdtempSync(path.join(tmpdir(), 'luofleet-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const fifo = path.join(directory, 'pid');
  const tell = `require("node:fs").writeFileSync("${fifo}", String(process.pid));`;
  const shell = JSON.stringify(`"$0" -e '${script} ${tell}' & wait`);
  return { fifo, work: `await runCommand('sh', ['-c', ${shell}, process.execPath], ${options})` };
}

async function startWithChild(t, script, options) {
  const { fifo, work } = commandWith(t, script, options);
  await runCommand('mkfifo', [fifo]);
  const said = runCommand('cat', [fifo]);
  const { child, ended } = await start(t, `console.log('starts'); ${work}`);
  return { child, ended, grandchild: identify(Number(await said)) };
}

test('a signal ends what runs, with its children', async (t) => {
  const { child, ended, grandchild } = await startWithChild(t, stays);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [143, null]);
  assert.ok(await waitUntilGone(grandchild, LONG_MS));
});

test('what does not listen to the signal is killed', async (t) => {
  const deaf = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);';
  const { child, ended, grandchild } = await startWithChild(t, deaf, '{ graceMs: 300 }');
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [143, null]);
  assert.ok(await waitUntilGone(grandchild, LONG_MS));
});

test('a second signal waits for nothing, and leaves nothing running', async (t) => {
  const deaf = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);';
  const { child, ended, grandchild } = await startWithChild(t, deaf, '{ graceMs: 600_000 }');
  child.kill('SIGTERM');
  child.kill('SIGINT');
  const [code] = await ended;
  assert.ok([130, 143].includes(code), `exit code ${code}`);
  assert.ok(await waitUntilGone(grandchild, LONG_MS));
});

test('npm ci ends with the tool that runs it', async (t) => {
  const workspace = mkdtempSync(path.join(tmpdir(), 'luofleet-'));
  t.after(() => rmSync(workspace, { recursive: true, force: true }));
  const tools = path.join(workspace, 'tools', 'bootstrap');
  mkdirSync(tools, { recursive: true });
  cpSync(import.meta.dirname, tools, { recursive: true });
  writeFileSync(path.join(workspace, 'package-lock.json'), '{"packages":{"node_modules/a":{}}}');
  const npm = path.join(workspace, 'npm.js');
  writeFileSync(npm, `console.log('npm ' + process.pid); ${stays}`);
  const child = spawn(process.execPath, [path.join(tools, 'ensure-dependencies.mjs')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, npm_execpath: npm },
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  let pid;
  for await (const line of createInterface({ input: child.stderr })) {
    pid = /^npm (\d+)/.exec(line)?.[1];
    if (pid) break;
  }
  const started = identify(Number(pid));
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [143, null]);
  assert.ok(await waitUntilGone(started, LONG_MS));
});
