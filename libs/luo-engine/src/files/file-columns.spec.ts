import fc from 'fast-check';
import { LuoError } from '../errors/luo-error';
import type { HandlerEntry } from '../handlers/handler-registry';
import { withMemoryFor } from '../testing/scarce-memory';
import { FileColumns } from './file-columns';
import { hashToken } from './token-hash';

const entries = ['a', 'b', 'c'].map((name) => ({ name }) as unknown as HandlerEntry<string>);
const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const row = fc.record({
  entry: fc.constantFrom(...entries),
  halves: fc.tuple(word, word, word, word),
  status: fc.integer({ min: -4095, max: 1 }),
  held: fc.boolean(),
});

it('keeps all that is noted of a row, whatever is noted of it and of others afterwards', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 40, size: 'max' }), (rows) => {
      const columns = new FileColumns<string>();
      for (const { entry, halves, held } of rows) {
        columns.reserveRow();
        const at = columns.push(entry, 'file', halves[0], halves[1]);
        columns.setData(at, halves[2], halves[3]);
        if (held) columns.setIdentityHeld(at);
      }
      // The last status counts, also after one of the other sign.
      rows.forEach(({ status }, at) => {
        columns.setRetrieveStatus(at, -1 - status);
        columns.setRetrieveStatus(at, status);
      });
      const read = rows.map((_, at) => ({
        entry: columns.entryAt(at),
        halves: [
          ...[columns.tokenLowAt(at), columns.tokenHighAt(at)],
          ...[columns.dataLowAt(at), columns.dataHighAt(at)],
        ],
        status: columns.retrieveStatusAt(at),
        held: columns.identityHeldAt(at),
      }));
      expect(read).toEqual(rows);
    }),
  );
});

it('keeps files in order, whether their number was told or not, and forgets what left', () => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(40), fc.nat(40), (expected, count, popped) => {
      const columns = new FileColumns<string>();
      const [entry] = entries as [HandlerEntry<string>];
      const fill = (): void => {
        for (let row = 0; row < count; row++) {
          columns.reserveRow();
          expect(columns.push(entry, `f${row}`, row, 0)).toBe(row);
        }
      };
      columns.expect(expected);
      expect(columns.length).toBe(0);
      fill();
      if (count > 0) columns.privateData.set(count - 1, 'private');
      const left = Math.max(0, count - popped);
      while (columns.length > left) columns.pop();
      expect(Array.from(columns, ({ file, token }) => [file, token])).toEqual(
        Array.from({ length: left }, (_, row) => [`f${row}`, BigInt(row)]),
      );
      expect(columns.privateData.size).toBe(count > 0 && popped === 0 ? 1 : 0);
      columns.clear();
      expect([...columns]).toEqual([]);
      fill();
      expect(columns.length).toBe(count);
    }),
  );
});

it('notes nothing of a file that left in what comes in its place', () => {
  const columns = new FileColumns<string>();
  const [first, second] = entries as [HandlerEntry<string>, HandlerEntry<string>];
  columns.reserveRow();
  columns.push(first, 'stays', 1, 0);
  for (const entry of [second, first]) {
    columns.reserveRow();
    const row = columns.push(entry, 'leaves', 2, 0);
    expect([columns.retrieveStatusAt(row), columns.identityHeldAt(row)]).toEqual([0, false]);
    expect([columns.dataAt(row), columns.entryAt(row)]).toEqual([0n, entry]);
    columns.setData(row, 7, 7);
    columns.setRetrieveStatus(row, -5);
    columns.setIdentityHeld(row);
    columns.privateData.set(row, 'private');
    columns.retrieveErrors.set(row, new LuoError('EIO', 'retrieve', {}, 'failed'));
    columns.pop();
    expect([columns.privateData.size, columns.retrieveErrors.size]).toEqual([0, 0]);
  }
  expect(columns.entryAt(0)).toBe(first);
});

it.each([0, 1, 4_095, 4_096, 4_097, 9_000])(
  'keeps 9,500 files of three handlers when told of %i',
  (expected) => {
    const columns = new FileColumns<string>();
    const entryOf = (row: number) => entries[row < 5_000 ? 0 : row % 3] as HandlerEntry<string>;
    const add = (): void => {
      columns.reserveRow();
      const row = columns.push(entryOf(columns.length), `f${columns.length}`, columns.length, 1);
      columns.setData(row, row, 2);
      columns.setRetrieveStatus(row, -(row % 4_096));
      if (row % 2 === 0) columns.setIdentityHeld(row);
    };
    columns.expect(expected);
    while (columns.length < 9_500) add();
    // Over the bound of a chunk and back again.
    while (columns.length > 8_000) columns.pop();
    while (columns.length < 9_500) add();
    const wrong = Array.from({ length: 9_500 }, (_, row) => row).filter(
      (row) =>
        columns.fileAt(row) !== `f${row}` ||
        columns.tokenAt(row) !== 2n ** 32n + BigInt(row) ||
        columns.dataAt(row) !== 2n ** 33n + BigInt(row) ||
        columns.retrieveStatusAt(row) !== 0 - (row % 4_096) ||
        columns.identityHeldAt(row) !== (row % 2 === 0) ||
        columns.entryAt(row) !== entryOf(row),
    );
    expect(wrong).toEqual([]);
  },
);

it('hashes tokens from any row on, over the bounds of its chunks', () => {
  const columns = new FileColumns<string>();
  const [entry] = entries as [HandlerEntry<string>];
  const hashes = Array.from({ length: 10_000 }, (_, row) => {
    columns.reserveRow();
    columns.push(entry, null, row * 3, -row);
    return hashToken(row * 3, -row);
  });
  for (const [from, to] of [
    [0, 10_000],
    [100, 200],
    [4_095, 8_193],
    [4_096, 4_096],
  ] as const) {
    const into = new Int32Array(to - from);
    columns.hashTokens(from, into);
    expect(into).toEqual(Int32Array.from(hashes.slice(from, to)));
  }
});

describe('answers a want of memory with ENOMEM, and stays as it was', () => {
  const [entry] = entries as [HandlerEntry<string>];
  const filesAndTokens = (columns: FileColumns<string>) =>
    Array.from(columns, ({ file, token }) => [file, token]);
  const add = (columns: FileColumns<string>): void => {
    columns.reserveRow();
    columns.push(entry, `f${columns.length}`, columns.length, 0);
  };
  const added = (count: number) =>
    Array.from({ length: count }, (_, row) => [`f${row}`, BigInt(row)]);

  it('told of many files', () => {
    const columns = new FileColumns<string>();
    expect(() => withMemoryFor(2, () => columns.expect(10_000))).toThrow(
      expect.objectContaining({ code: 'ENOMEM' }),
    );
    for (let row = 0; row < 40; row++) add(columns);
    expect(filesAndTokens(columns)).toEqual(added(40));
  });

  it.each([16, 4_096])('after %i files', (count) => {
    const columns = new FileColumns<string>();
    for (let row = 0; row < count; row++) add(columns);
    expect(() => withMemoryFor(0, () => add(columns))).toThrow(
      expect.objectContaining({ code: 'ENOMEM' }),
    );
    expect(columns.length).toBe(count);
    add(columns);
    expect(filesAndTokens(columns)).toEqual(added(count + 1));
  });
});
