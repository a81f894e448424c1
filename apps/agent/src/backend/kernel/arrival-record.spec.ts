import { writeSync } from 'node:fs';
import {
  closeDescriptor,
  getCloseOnExec,
  LinuxError,
  LiveUpdateSession,
  memfdCreate,
  setCloseOnExec,
} from '@luofleet/linux';
import { handoverSource, parseArrivalRecord, takeArrivalRecord } from './arrival-record';

const lines = (...text: string[]) => text.map((line) => `${line}\n`).join('');
const text = lines(
  'arrival 1 7',
  'session 4 luofleet',
  'file 5 0',
  'session 6 luofleet.kv store',
  'file 7 18446744073709551615',
  'file -12 2',
  'session -2 luofleet.gone',
  'end',
);

describe('parseArrivalRecord', () => {
  it('reads sessions with their files, u64 tokens and errnos', () => {
    expect(parseArrivalRecord(text, 7)).toEqual({
      isWhole: true,
      sessions: new Map([
        ['luofleet', { outcome: 4, files: new Map([[0n, 5]]) }],
        [
          'luofleet.kv store',
          {
            outcome: 6,
            files: new Map([
              [0xffff_ffff_ffff_ffffn, 7],
              [2n, -12],
            ]),
          },
        ],
        ['luofleet.gone', { outcome: -2, files: new Map() }],
      ]),
    });
  });

  it('is not whole without its end', () => {
    expect(parseArrivalRecord(text.replace('end\n', ''), 7)?.isWhole).toBe(false);
  });

  it.each([
    ['was given to another process', text, 8],
    ['is something else', 'LUOFLEET', 7],
    ['is empty', '', 7],
  ])('takes none that %s', (_, record, pid) => expect(parseArrivalRecord(record, pid)).toBeNull());

  it.each([lines('arrival 2 7'), lines('arrival 1 7', 'file x 1')])('refuses %j', (record) =>
    expect(() => parseArrivalRecord(record, 7)).toThrow(/record/),
  );
});

describe('takeArrivalRecord', () => {
  it('takes the variable away and keeps the descriptors from children', () => {
    const file = memfdCreate('file');
    setCloseOnExec(file, false);
    const record = memfdCreate('record');
    writeSync(record, lines(`arrival 1 ${process.pid}`, `session ${file} luofleet`));
    const environment = { LUOFLEET_ARRIVAL: String(record) };
    expect(takeArrivalRecord(environment)?.sessions.get('luofleet')?.outcome).toBe(file);
    expect(environment).toEqual({});
    expect(getCloseOnExec(file)).toBe(true);
    expect(() => getCloseOnExec(record)).toThrow('EBADF');
    closeDescriptor(file);
  });

  it.each([[undefined], ['987654'], ['no number']])('answers none for the variable %s', (value) => {
    expect(takeArrivalRecord({ LUOFLEET_ARRIVAL: value })).toBeNull();
  });
});

describe('handoverSource', () => {
  const record = parseArrivalRecord(text, 7);
  const device = {
    retrieveSession: (name: string) => {
      throw new LinuxError(5, 'asked', name);
    },
  };

  it('answers from the record, once for each file', () => {
    const source = handoverSource(record, device);
    const session = source.retrieveSession('luofleet.kv store');
    expect(session).toEqual(LiveUpdateSession.adopt(6));
    const kernel = { ...session, retrieveFd: () => 99 } as unknown as LiveUpdateSession;
    const take = (token: bigint) => source.retrieveFd(kernel, 'luofleet.kv store', token);
    expect(take(0xffff_ffff_ffff_ffffn)).toBe(7);
    expect(take(0xffff_ffff_ffff_ffffn)).toBe(99);
    expect(() => take(2n)).toThrow('ENOMEM');
  });

  it('tells what the kernel refused, and asks for what is not in the record', () => {
    const source = handoverSource(record, device);
    expect(() => source.retrieveSession('luofleet.gone')).toThrow('ENOENT');
    expect(() => source.retrieveSession('luofleet.new')).toThrow('asked');
    expect(() => handoverSource(record, null).retrieveSession('luofleet.new')).toThrow('ENOENT');
  });
});
