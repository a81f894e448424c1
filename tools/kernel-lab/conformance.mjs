// Runs the conformance table on the real kernel and compares each outcome with the recorded ones.
//
// Happy path: one machine boots kernel A, runs every scenario's first steps, live-updates into B, the next steps, into A
// again, and so on; its outcomes equal libs/linux/src/conformance/outcomes.json, which the engine's spec reads too.
// Unhappy paths: a machine that stops half-way shows its console, and what it had found by then is compared all the same;
// every scenario whose outcomes differ is a failed check.
// With `record`, the outcomes are written down instead of compared.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from '../bootstrap/setup-error.mjs';
import { workspace } from '../bootstrap/workspace.mjs';
import { makeNodeApp } from './bundle.mjs';
import { fieldOf } from '../bootstrap/thrown.mjs';

const SOURCES = 'libs/linux/src/conformance';
const NEW_KERNEL =
  'If the kernel is a new one and right, run the test with --record and look at the change.';
const recordedFile = path.join(workspace, SOURCES, 'outcomes.json');

/** Runs the table in `lab`; each scenario is a check. */
export async function runConformance(lab, checks, { record = false } = {}) {
  const appDirectory = path.join(lab.directory, 'conformance-app');
  await makeNodeApp(appDirectory, `${SOURCES}/guest.main.ts`);
  copyFileSync(lab.kernels.b.path, path.join(appDirectory, 'bzImage'));
  const machine = lab.boot({ name: 'conformance', appDirectory, cpus: 1 });
  try {
    await machine.untilOff();
    if (!/^CONFORMANCE done/m.test(machine.console)) throw new SetupError(machine.tail);
  } catch (error) {
    checks.fail('conformance: the machine does not get to its end', error);
  }
  const scenarios = collect(machine.outDirectory);
  const version = lab.build.version;
  if (record) {
    writeFileSync(recordedFile, `${JSON.stringify({ kernel: version, scenarios }, null, 1)}\n`);
    checks.pass(`conformance: recorded ${Object.keys(scenarios).length} scenarios`);
  } else {
    compare(JSON.parse(readFileSync(recordedFile, 'utf8')).scenarios, scenarios, checks);
  }
}

/** `{id: [outcomes of boot 0, of boot 1, ...]}` from the files that the guest left. */
function collect(directory) {
  const scenarios = {};
  for (let boot = 0; ; boot += 1) {
    let outcomes;
    try {
      outcomes = JSON.parse(readFileSync(path.join(directory, `outcomes-${boot}.json`), 'utf8'));
    } catch (error) {
      if (fieldOf(error, 'code') === 'ENOENT') return scenarios;
      throw error;
    }
    for (const [id, list] of Object.entries(outcomes)) (scenarios[id] ??= []).push(list);
  }
}

function compare(recorded, seen, checks) {
  const ids = [...new Set([...Object.keys(recorded), ...Object.keys(seen)])];
  const differing = ids.filter((id) => JSON.stringify(recorded[id]) !== JSON.stringify(seen[id]));
  for (const id of differing) {
    const words = `recorded ${JSON.stringify(recorded[id])}, seen ${JSON.stringify(seen[id])}`;
    checks.fail(`conformance: ${id}`, new SetupError(words, { advice: NEW_KERNEL }));
  }
  const equal = ids.length - differing.length;
  if (equal > 0) checks.pass(`conformance: ${equal} scenarios answer as recorded`, equal);
}
