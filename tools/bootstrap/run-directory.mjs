// One folder for each run of `npm start`, `npm test` or `npm run services`, under .luofleet/runs/: logs, data, and a
// record of every process of the run, so that whoever comes next can clean up after one that was killed.

import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { identify, isRunning, processesOfRun, signalProcess, waitUntilGone } from './processes.mjs';
import { runsDirectory } from './workspace.mjs';

const STOP_TIMEOUT_MS = 10_000;
const RUNS_KEPT = 3;

/** Makes the folder of a new run, owned by this process. */
export function createRunDirectory(kind) {
  const runId = `${kind}-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}-${randomBytes(3).toString('hex')}`;
  const directory = path.join(runsDirectory, runId);
  mkdirSync(path.join(directory, 'processes'), { recursive: true });
  mkdirSync(path.join(directory, 'logs'));
  writeFileSync(path.join(directory, 'owner.json'), JSON.stringify(identify(process.pid)));
  return { runId, directory, logs: path.join(directory, 'logs') };
}

/** Records a process of a run: which signal asks it to stop, and in which order it was started. */
export function recordProcess(directory, order, { name, pid, stopSignal }) {
  const file = path.join(directory, 'processes', `${String(order).padStart(4, '0')}-${name}.json`);
  writeFileSync(`${file}.new`, JSON.stringify({ name, stopSignal, ...identify(pid) }));
  renameSync(`${file}.new`, file);
  return () => rmSync(file, { force: true });
}

/** Stops every process of a run that is still there: recorded ones first, the latest first, then all that carry its mark. */
export async function stopProcessesOfRun(runId, { except = [], timeoutMs = STOP_TIMEOUT_MS } = {}) {
  const recorded = readRecords(path.join(runsDirectory, runId, 'processes'));
  for (const record of recorded.reverse()) {
    signalProcess(record, record.stopSignal);
    if (await waitUntilGone(record, timeoutMs)) continue;
    signalProcess(record, 'SIGKILL', { group: true });
    await waitUntilGone(record, timeoutMs);
  }
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const left = processesOfRun(runId, except);
    for (const record of left) signalProcess(record, signal);
    await Promise.all(left.map((record) => waitUntilGone(record, timeoutMs)));
  }
}

/** Cleans up after runs whose owner is gone: stops what they left running, and deletes all but the latest few. */
export async function cleanUpFinishedRuns() {
  const finished = listRuns().filter(
    (runId) => !isRunning(readJson(path.join(runsDirectory, runId, 'owner.json')) ?? {}),
  );
  for (const runId of finished) await stopProcessesOfRun(runId);
  const newestFirst = finished.sort((a, b) => startedAt(b).localeCompare(startedAt(a)));
  for (const [index, runId] of newestFirst.entries()) {
    const directory = path.join(runsDirectory, runId);
    if (index >= RUNS_KEPT) rmSync(directory, { recursive: true, force: true });
    else
      for (const name of readdirSync(directory))
        if (name !== 'logs' && name !== 'owner.json')
          rmSync(path.join(directory, name), { recursive: true, force: true });
  }
}

const startedAt = (runId) => runId.split('-').at(-2) ?? '';

function listRuns() {
  try {
    return readdirSync(runsDirectory);
  } catch {
    return [];
  }
}

function readRecords(directory) {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => readJson(path.join(directory, name)))
      .filter(Boolean);
  } catch {
    return [];
  }
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
