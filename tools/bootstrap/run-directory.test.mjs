import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { identify } from './processes.mjs';
import { cleanUpFinishedRuns, createRunDirectory } from './run-directory.mjs';
import { runsDirectory } from './workspace.mjs';

const inRuns = (name) => path.join(runsDirectory, name);
const { readFileSync, rmSync } = fs;
const GONE = 'selftest-20000101000000-000000';

function made(t, name, make) {
  fs.mkdirSync(runsDirectory, { recursive: true });
  make(inRuns(name));
  t.after(() => rmSync(inRuns(name), { recursive: true, force: true }));
  return inRuns(name);
}

const folder = (file) => fs.mkdirSync(path.join(file, 'logs'), { recursive: true });

test('what is no run is left alone and is in nobody’s way', async (t) => {
  const strays = [
    made(t, 'stray.txt', (file) => fs.writeFileSync(file, 'mine')),
    made(t, 'selftest-20000101000000-00000f', (file) => fs.writeFileSync(file, 'mine')),
    made(t, 'a folder of mine', folder),
    made(t, 'selftest-link', (file) => fs.symlinkSync('/nowhere', file)),
  ];
  const said = [];
  await cleanUpFinishedRuns({ note: (text) => said.push(text) });
  for (const stray of strays) assert.ok(fs.lstatSync(stray));
  assert.ok(fs.existsSync(path.join(strays[2], 'logs')));
  assert.deepEqual(said, []);
});

test('a run that can not be cleaned up is told, and keeps nobody from starting', async (t) => {
  // Other tests clean up at the same time: to them its owner lives.
  const run = made(t, GONE, (file) => {
    fs.mkdirSync(path.join(file, 'data'), { recursive: true });
    fs.writeFileSync(path.join(file, 'owner.json'), JSON.stringify(identify(process.pid)));
  });
  const patched = {
    readFileSync: (file, ...rest) =>
      file === path.join(run, 'owner.json') ? '{}' : readFileSync(file, ...rest),
    rmSync: (file, options) => {
      if (file.startsWith(run)) throw new Error('EACCES: not yours');
      return rmSync(file, options);
    },
  };
  t.after(() => Object.assign(fs, { readFileSync, rmSync }) && syncBuiltinESMExports());
  Object.assign(fs, patched);
  syncBuiltinESMExports();
  const said = [];
  await cleanUpFinishedRuns({ note: (text) => said.push(text) });
  assert.equal(said.length, 1);
  assert.match(said[0], new RegExp(`${GONE} could not be cleaned up: EACCES`));
});

test('a run can be seen only once it says whose it is', (t) => {
  const { writeFileSync } = fs;
  t.after(() => Object.assign(fs, { writeFileSync }) && syncBuiltinESMExports());
  let seenBefore;
  fs.writeFileSync = (file, ...rest) => {
    if (file.endsWith('owner.json')) seenBefore = fs.readdirSync(runsDirectory);
    return writeFileSync(file, ...rest);
  };
  syncBuiltinESMExports();
  const { runId, directory } = createRunDirectory('selftest');
  t.after(() => fs.rmSync(directory, { recursive: true }));
  assert.ok(seenBefore && !seenBefore.includes(runId), 'it was there before its owner was');
  assert.ok(fs.existsSync(path.join(directory, 'owner.json')));
});

test('what is being made stays, and goes once its maker is gone', async (t) => {
  const { pid, startTime } = identify(process.pid);
  const underWay = made(t, `.${GONE}.${pid}.${startTime}`, folder);
  const leftOver = made(t, `.${GONE}.${pid}.1`, folder);
  await cleanUpFinishedRuns();
  assert.deepEqual([underWay, leftOver].map(fs.existsSync), [true, false]);
});

test('a run whose deletion was cut off is deleted, and one of a living owner is not', async (t) => {
  const left = made(t, GONE, (file) => {
    folder(file);
    fs.mkdirSync(path.join(file, 'data'));
  });
  const ours = createRunDirectory('selftest');
  t.after(() => fs.rmSync(ours.directory, { recursive: true }));
  await cleanUpFinishedRuns();
  assert.ok(!fs.existsSync(path.join(left, 'data')));
  assert.ok(fs.existsSync(path.join(ours.directory, 'processes')));
});
