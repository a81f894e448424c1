// The journal on a disk that fails at every call, in every way: what was acknowledged stays, what was not is not there, and
// the next start works.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DISK_ERRNOS, FailingFiles, type DiskErrno } from '../testing/failing-files';
import { succeeded, type AgentCommand, type AgentResult } from '../model/command';
import { FileJournal } from './journal';
import { JournalError, type JournalRecord } from './journal-record';
import { applyRecord, emptyJournalState, type JournalState } from './journal.state';

const command = (key: string, generation = 1n): AgentCommand => ({
  ...{ key, hostUpdateId: 'hu', rolloutId: 'r', phase: 'preflight', attempt: 1, generation },
  ...{ afterKey: '', timeoutMs: 0, soakMs: 0, release: null },
});
const result = (key: string): AgentResult => ({
  ...{ ...succeeded(), key, phase: 'preflight', startedAtMs: 1, finishedAtMs: 2 },
  ...{ runningVersion: '1', bootId: 'b', incarnationId: 'i' },
});
/** The life of one command, in appends. */
const lifeOf = (key: string): JournalRecord[][] => [
  [{ kind: 'accepted', command: command(key) }],
  [{ kind: 'started', key, atMs: 1, incarnationId: 'i' }],
  [{ kind: 'finished', result: result(key) }],
  [{ kind: 'recorded', key }],
];

let directory: string;
let disk: FailingFiles;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'luofleet-disk-'));
  disk = new FailingFiles(directory);
});
afterEach(() => {
  disk.restore();
  rmSync(directory, { recursive: true, force: true });
});
const file = () => path.join(directory, 'state', 'journal.log');

interface Life {
  acknowledged: JournalRecord[];
  owed: JournalRecord[];
  /** Failed, and not surely taken back. */
  remaining: JournalRecord[];
}

/** Appends what can be appended, and owes what is true anyway; compacts now and then. */
function live(): Life {
  const life: Life = { acknowledged: [], owed: [], remaining: [] };
  const journal = FileJournal.open(file());
  const acknowledge = (...records: JournalRecord[]) => {
    life.acknowledged.push(...life.owed.splice(0), ...records);
    life.remaining = [];
  };
  for (const key of ['a', 'b', 'c']) {
    for (const records of lifeOf(key)) {
      try {
        journal.append(...records);
        acknowledge(...records);
      } catch (error) {
        expect(error).toBeInstanceOf(JournalError);
        expect(journal.problem).toBe(error);
        if ((error as JournalError).mayRemain) life.remaining.push(...records);
        if (records[0]?.kind === 'accepted') break;
        life.owed.push(...records);
        if (journal.owe(...records)) acknowledge();
      }
    }
    journal.compact();
  }
  if (journal.settle()) acknowledge();
  journal.close();
  return life;
}

/** How far each command has come. */
function progress(records: readonly JournalRecord[]): Map<string, number> {
  const state = emptyJournalState();
  for (const record of records) applyRecord(state, record);
  return progressOf(state);
}

const progressOf = (state: JournalState) =>
  new Map(
    [...state.commands].map(([key, entry]) => [
      key,
      entry.state === 'finished' && entry.recorded
        ? 4
        : ['waiting', 'started', 'finished'].indexOf(entry.state) + 1,
    ]),
  );

const errnos = Object.keys(DISK_ERRNOS) as DiskErrno[];
const ways = errnos.flatMap((errno) =>
  [false, true].flatMap((isPartial) =>
    [1, 2, undefined].map((times) => ({ errno, isPartial, times })),
  ),
);

describe.each(ways)('a disk with $errno, partial writes $isPartial, $times times', (way) => {
  it('never costs an acknowledged record, wherever it begins', () => {
    live();
    const total = disk.calls.length;
    expect(total).toBeGreaterThan(30);
    for (let at = 1; at <= total; at += 1) {
      rmSync(path.join(directory, 'state'), { recursive: true, force: true });
      disk.fail({ at, ...way });
      const { acknowledged, owed, remaining } = live();
      const failing = disk.calls.join('\n');
      disk.fail(null);
      const again = FileJournal.open(file());
      const where = `from ${at} on:\n${failing}`;
      expect([where, again.problem]).toEqual([where, null]);
      const found = progressOf(again.state);
      const [least, most] = [
        progress(acknowledged),
        progress([...acknowledged, ...owed, ...remaining]),
      ];
      for (const key of ['a', 'b', 'c']) {
        const has = found.get(key) ?? 0;
        const fits = has >= (least.get(key) ?? 0) && has <= (most.get(key) ?? 0);
        expect([where, key, has, fits]).toEqual([where, key, has, true]);
      }
      again.append(...lifeOf('after').flat());
      again.close();
      expect(FileJournal.open(file()).state.commands.get('after')?.state).toBe('finished');
    }
  });
});
