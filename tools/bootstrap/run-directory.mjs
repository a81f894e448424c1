// One folder for each run of `npm start`, `npm test` or `npm run services`, under .luofleet/runs/: logs, data, and a
// record of every process of the run, so that whoever comes next can clean up after one that was killed.

import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { identify, isRunning, processesOfRun, signalProcess, waitUntilGone } from './processes.mjs';
import { SetupError } from './setup-error.mjs';
import { wordsOf } from './thrown.mjs';
import { runsDirectory } from './workspace.mjs';

const STOP_TIMEOUT_MS = 10_000;
const RUNS_KEPT = 3;

/**
 * Makes the folder of a new run, owned by this process. Others see it only once it says whose it is: it is made under a
 * name that is no run's and carries its maker, then renamed.
 */
export function createRunDirectory(kind) {
  const runId = `${kind}-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}-${randomBytes(3).toString('hex')}`;
  const directory = path.join(runsDirectory, runId);
  const owner = identify(process.pid);
  const unfinished = path.join(runsDirectory, `.${runId}.${owner.pid}.${owner.startTime}`);
  try {
    for (const name of ['processes', 'logs'])
      mkdirSync(path.join(unfinished, name), { recursive: true });
    writeFileSync(path.join(unfinished, 'owner.json'), JSON.stringify(owner));
    renameSync(unfinished, directory);
  } catch (cause) {
    throw new SetupError(`This run can have no folder in ${runsDirectory}.`, {
      advice:
        'Look at what is there: it must be a folder that you may write to, on a disk with room.',
      cause,
    });
  }
  return { runId, directory, logs: path.join(directory, 'logs') };
}

/** Records a process of a run: which signal asks it to stop, and whether others use it and are to stop before it. */
export function recordProcess(directory, order, { name, pid, stopSignal, usedByOthers }) {
  const file = path.join(directory, 'processes', `${String(order).padStart(4, '0')}-${name}.json`);
  writeFileSync(
    `${file}.new`,
    JSON.stringify({ name, stopSignal, usedByOthers, ...identify(pid) }),
  );
  renameSync(`${file}.new`, file);
  return () => rmSync(file, { force: true });
}

/** Stops every process of a run that is still there: recorded ones first, together, then all that carry its mark. */
export async function stopProcessesOfRun(runId, { except = [], timeoutMs = STOP_TIMEOUT_MS } = {}) {
  const recorded = readRecords(path.join(runsDirectory, runId, 'processes'));
  const stop = async (record) => {
    signalProcess(record, record.stopSignal);
    if (await waitUntilGone(record, timeoutMs)) return;
    signalProcess(record, 'SIGKILL', { group: true });
    await waitUntilGone(record, timeoutMs);
  };
  for (const usedByOthers of [false, true])
    await Promise.all(recorded.filter((one) => one.usedByOthers === usedByOthers).map(stop));
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const left = processesOfRun(runId, except);
    for (const record of left) signalProcess(record, signal);
    await Promise.all(left.map((record) => waitUntilGone(record, timeoutMs)));
  }
}

/**
 * Cleans up after runs whose owner is gone: stops what they left running, and deletes all but the latest few. What can not
 * be cleaned up is told and left; what is no run is left without a word.
 */
export async function cleanUpFinishedRuns({ note = console.error } = {}) {
  const attempt = async (name, work) => {
    try {
      await work();
    } catch (error) {
      note(`${path.join(runsDirectory, name)} could not be cleaned up: ${wordsOf(error)}`);
    }
  };
  for (const name of listFolders(UNFINISHED)) {
    const [pid, startTime] = name.split('.').slice(-2);
    if (isRunning({ pid: Number(pid), startTime })) continue;
    await attempt(name, () => discard(path.join(runsDirectory, name)));
  }
  const finished = listFolders(RUN_ID).filter(
    (runId) => !isRunning(readJson(path.join(runsDirectory, runId, 'owner.json')) ?? {}),
  );
  const newestFirst = finished.sort((a, b) => startedAt(b).localeCompare(startedAt(a)));
  for (const [index, runId] of newestFirst.entries()) {
    await attempt(runId, async () => {
      await stopProcessesOfRun(runId);
      tidy(path.join(runsDirectory, runId), { keepLogs: index < RUNS_KEPT });
    });
  }
}

function tidy(directory, { keepLogs }) {
  if (!keepLogs) return discard(directory);
  for (const name of list(directory))
    if (name !== 'logs' && name !== 'owner.json') discard(path.join(directory, name));
}

const discard = (file) => rmSync(file, { recursive: true, force: true });

const RUN_ID = /^[a-z-]+-\d{14}-[0-9a-f]{6}$/;
const UNFINISHED = /^\.[a-z-]+-\d{14}-[0-9a-f]{6}\.\d+\.\d+$/;

const startedAt = (runId) => runId.split('-').at(-2) ?? '';

const listFolders = (pattern) =>
  list(runsDirectory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && pattern.test(entry.name))
    .map((entry) => entry.name);

/** What a folder holds; nothing where there is none (any more: others clean up, too). */
function list(directory, options) {
  try {
    return readdirSync(directory, options);
  } catch {
    return [];
  }
}

const readRecords = (directory) =>
  list(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => readJson(path.join(directory, name)))
    .filter(Boolean);

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
