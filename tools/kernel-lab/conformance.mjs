// Runs the conformance table on the real kernel and compares each outcome with the recorded ones.
//
// Happy path: one machine boots kernel A, runs every scenario's first steps, live-updates into B, the next steps, into A
// again, and so on; its outcomes equal libs/linux/src/conformance/outcomes.json, which the engine's spec reads too.
// Unhappy paths: a machine that stops half-way shows its console; outcomes that differ are listed, one a line.
// With `record`, the outcomes are written down instead of compared.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from '../bootstrap/setup-error.mjs';
import { workspace } from '../bootstrap/workspace.mjs';
import { makeNodeApp } from './bundle.mjs';

const SOURCES = 'libs/linux/src/conformance';
const recordedFile = path.join(workspace, SOURCES, 'outcomes.json');

/** Runs the table in `lab`; resolves to `{scenarios, outcomes, durationMs}`, rejects when something differs. */
export async function runConformance(lab, { record = false } = {}) {
  const startedAt = performance.now();
  const appDirectory = path.join(lab.directory, 'conformance-app');
  await makeNodeApp(appDirectory, `${SOURCES}/guest.main.ts`);
  copyFileSync(lab.kernels.b.path, path.join(appDirectory, 'bzImage'));
  const machine = lab.boot({ name: 'conformance', appDirectory });
  await machine.untilOff();
  if (!/^CONFORMANCE done/m.test(machine.console)) {
    throw new SetupError(`The conformance machine did not get to its end:\n${machine.tail}`);
  }
  const scenarios = collect(machine.outDirectory);
  const version = lab.build.version;
  if (record) {
    writeFileSync(recordedFile, `${JSON.stringify({ kernel: version, scenarios }, null, 1)}\n`);
  } else {
    compare(JSON.parse(readFileSync(recordedFile, 'utf8')).scenarios, scenarios);
  }
  const lists = Object.values(scenarios).flat();
  const durationMs = Math.round(performance.now() - startedAt);
  return { scenarios: Object.keys(scenarios).length, outcomes: lists.flat().length, durationMs };
}

/** `{id: [outcomes of boot 0, of boot 1, ...]}` from the files that the guest left. */
function collect(directory) {
  const scenarios = {};
  for (let boot = 0; ; boot += 1) {
    let outcomes;
    try {
      outcomes = JSON.parse(readFileSync(path.join(directory, `outcomes-${boot}.json`), 'utf8'));
    } catch (error) {
      if (error.code === 'ENOENT' && boot > 0) return scenarios;
      throw error;
    }
    for (const [id, list] of Object.entries(outcomes)) (scenarios[id] ??= []).push(list);
  }
}

function compare(recorded, seen) {
  const ids = [...new Set([...Object.keys(recorded), ...Object.keys(seen)])];
  const differing = ids.filter((id) => JSON.stringify(recorded[id]) !== JSON.stringify(seen[id]));
  if (differing.length === 0) return;
  const lines = differing.map(
    (id) => `  ${id}: recorded ${JSON.stringify(recorded[id])}, seen ${JSON.stringify(seen[id])}`,
  );
  throw new SetupError(`The kernel answers otherwise than recorded:\n${lines.join('\n')}`, {
    advice:
      'If the kernel is a new one and right, run the test with --record and look at the change.',
  });
}
