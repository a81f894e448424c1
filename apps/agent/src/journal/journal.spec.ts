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

  it.each([
    ['zeros', () => '\0'.repeat(4096)],
    ['part of a line', (line: string) => line.slice(0, 60)],
    ['zeros and a line', (line: string) => '\0'.repeat(100) + line.replace('"a2"', '"a9"')],
    [
      'several lines, none whole',
      (line: string) => line.slice(9) + line.slice(4) + line.slice(0, 30),
    ],
  ])('takes %s behind the last sound record for never written', (_what, tail) => {
    FileJournal.open(file).append({ kind: 'accepted', command: command('a1') });
    appendFileSync(file, tail(encodeRecord({ kind: 'accepted', command: command('a2') })));
    const journal = FileJournal.open(file);
    expect(journal.problem).toBeNull();
    journal.append({ kind: 'accepted', command: command('a3') });
    expect([...FileJournal.open(file).state.commands.keys()]).toEqual(['a1', 'a3']);
  });

  it.each([1, 8, 9, 30, 200])(
    'has the whole record that follows %d bytes of one that was cut off',
    (bytes) => {
      const line = (key: string) => encodeRecord({ kind: 'accepted', command: command(key) });
      FileJournal.open(file).append({ kind: 'accepted', command: command('a1') });
      appendFileSync(file, line('a2').slice(0, bytes) + line('a3') + line('a4'));
      const journal = FileJournal.open(file);
      expect(journal.problem).toBeNull();
      expect([...journal.state.commands.keys()]).toEqual(['a1', 'a3', 'a4']);
      journal.append({ kind: 'recorded', key: 'a4' });
      expect(FileJournal.open(file).problem).toBeNull();
    },
  );

  it('has a record whose end of line is wrong or missing', () => {
    const line = (key: string) => encodeRecord({ kind: 'accepted', command: command(key) });
    FileJournal.open(file);
    appendFileSync(file, `${line('a1').trimEnd()}?${line('a2')}${line('a3').trimEnd()}`);
    FileJournal.open(file).append({ kind: 'accepted', command: command('a4') });
    const journal = FileJournal.open(file);
    expect([...journal.state.commands.keys()]).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect(journal.problem).toBeNull();
  });

  it('keeps what is sound around damage, says where it is, and is never written again', () => {
    FileJournal.open(file).append(
      ...['a1', 'a2', 'a3'].map((key) => ({ kind: 'accepted', command: command(key) }) as const),
    );
    const damaged = readFileSync(file, 'utf8').replace('"a2"', '"zz"');
    writeFileSync(file, damaged);
    const journal = FileJournal.open(file);
    expect(journal.problem).toMatchObject({ code: 'JOURNAL_DAMAGED' });
    expect(journal.problem?.message).toMatch(/line 2.*checksum/);
    expect([journal.isWhole, [...journal.state.commands.keys()]]).toEqual([false, ['a1', 'a3']]);
    expect(() => journal.append({ kind: 'recorded', key: 'a1' })).toThrow(/line 2.*checksum/);
    expect(journal.owe({ kind: 'finish-hold', workload: 'kv', reason: 'busy' })).toBe(false);
    expect(journal.state.finishHolds.get('kv')).toBe('busy');
    journal.close();
    expect(readFileSync(file, 'utf8')).toBe(damaged);
  });

  it.each([
    ['version', '{"v":99,"kind":"recorded","key":"x"}'],
    ['kind', '{"v":1,"kind":"foreseen","key":"x"}'],
  ])('knows a record of a newer agent by its %s, even at the end', (_what, json) => {
    FileJournal.open(file);
    const { crc32 } = jest.requireActual<typeof import('node:zlib')>('node:zlib');
    appendFileSync(file, `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`);
    const { problem, isWhole } = FileJournal.open(file);
    expect([problem?.code, isWhole]).toEqual(['JOURNAL_TOO_NEW', false]);
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
