import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AgentCommand, AgentResult } from '../model/command';
import { FileJournal } from './journal';
import { encodeRecord } from './journal-record';

const command = (key: string, over: Partial<AgentCommand> = {}): AgentCommand => ({
  key,
  hostUpdateId: 'hu',
  rolloutId: 'r',
  phase: 'preflight',
  attempt: 1,
  generation: 1n,
  afterKey: '',
  timeoutMs: 0,
  soakMs: 0,
  release: null,
  ...over,
});

const result = (key: string): AgentResult => ({
  key,
  phase: 'preflight',
  outcome: 'succeeded',
  reason: null,
  sessions: [
    {
      name: 'kv',
      workload: 'kv',
      state: 'preserved',
      files: [
        {
          token: 0xffff_ffff_ffff_ffffn,
          name: 'store',
          compatible: 'x',
          dataHandle: 1n,
          state: 'preserved',
          reason: null,
          sizeBytes: 3n,
        },
      ],
    },
  ],
  frozenAtMs: 0,
  resumedAtMs: 0,
  blackoutMs: 0,
  startedAtMs: 1,
  finishedAtMs: 2,
  runningVersion: '1.0.0',
  bootId: 'b',
  incarnationId: 'i',
});

describe('FileJournal', () => {
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'luofleet-journal-'));
    file = path.join(directory, 'state', 'journal.log');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('has the same state after it is opened again, u64 values included', () => {
    const first = FileJournal.open(file);
    first.append({ kind: 'accepted', command: command('a', { generation: 7n }) });
    first.append({ kind: 'started', key: 'a', atMs: 5, incarnationId: 'i' });
    first.append({ kind: 'finished', result: result('a') });
    const again = FileJournal.open(file);
    expect(again.state).toEqual(first.state);
    expect(again.state.generation).toBe(7n);
  });

  it.each([
    ['cut in the middle', (line: string) => line.slice(0, 40)],
    ['with a wrong byte', (line: string) => line.replace('"a2"', '"a9"')],
  ])('drops a last line %s and goes on', (_what, damage) => {
    FileJournal.open(file).append({ kind: 'accepted', command: command('a1') });
    appendFileSync(file, damage(encodeRecord({ kind: 'accepted', command: command('a2') })));
    const journal = FileJournal.open(file);
    expect([...journal.state.commands.keys()]).toEqual(['a1']);
    journal.append({ kind: 'accepted', command: command('a3') });
    expect([...FileJournal.open(file).state.commands.keys()]).toEqual(['a1', 'a3']);
  });

  it('refuses damage before the last line, naming the line', () => {
    const journal = FileJournal.open(file);
    journal.append({ kind: 'accepted', command: command('a1') }, { kind: 'recorded', key: 'a1' });
    writeFileSync(file, readFileSync(file, 'utf8').replace('"a1"', '"zz"'));
    expect(() => FileJournal.open(file)).toThrow(/line 1.*checksum/);
  });

  it('refuses records of a newer agent even at the end', () => {
    FileJournal.open(file);
    const json = '{"v":99,"kind":"recorded","key":"x"}';
    const { crc32 } = jest.requireActual<typeof import('node:zlib')>('node:zlib');
    appendFileSync(file, `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`);
    expect(() => FileJournal.open(file)).toThrow(/newer agent/);
  });

  it('means the same after compaction and forgets only what generations refuse anyway', () => {
    const journal = FileJournal.open(file);
    journal.append(
      { kind: 'accepted', command: command('old', { generation: 1n }) },
      { kind: 'finished', result: result('old') },
      { kind: 'recorded', key: 'old' },
      { kind: 'accepted', command: command('boot', { generation: 2n, phase: 'reboot' }) },
      { kind: 'started', key: 'boot', atMs: 1, incarnationId: 'i' },
      { kind: 'crossed', key: 'boot', fromVersion: '1', toVersion: '2', imageSha256: 'aa' },
      { kind: 'booted', key: 'boot', version: '2', incarnationId: 'j', bootId: 'b' },
      { kind: 'finish-hold', workload: 'kv', reason: 'busy' },
    );
    const before = structuredClone(journal.state);
    before.commands.delete('old');
    journal.compact();
    expect(FileJournal.open(file).state).toEqual(before);
  });

  it('forgets a crossing when the reboot came back', () => {
    const journal = FileJournal.open(file);
    journal.append(
      { kind: 'accepted', command: command('boot', { phase: 'reboot' }) },
      { kind: 'crossed', key: 'boot', fromVersion: '1', toVersion: '2', imageSha256: 'aa' },
      { kind: 'finished', result: { ...result('boot'), outcome: 'rolled-back' } },
    );
    expect(journal.state.crossing).toBeNull();
    expect(FileJournal.open(file).state.crossing).toBeNull();
  });
});
