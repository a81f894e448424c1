import fc from 'fast-check';
import type { HandlerEntry } from '../handlers/handler-registry';
import { FileColumns } from './file-columns';

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
    fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (rows) => {
      const columns = new FileColumns<string>();
      for (const { entry, halves } of rows) {
        columns.reserveRow();
        const at = columns.push(entry, 'file', halves[0], halves[1]);
        columns.setData(at, halves[2], halves[3]);
      }
      rows.forEach(({ held }, at) => held && columns.setIdentityHeld(at));
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

/** The runtime has memory for so many arrays, and no more. */
function shortOfMemory<T>(arrays: number, run: () => T): T {
  const { Int16Array: real } = globalThis;
  let left = arrays;
  const spy = jest.spyOn(globalThis, 'Int16Array').mockImplementation(((length: number) => {
    if (length !== 0 && left-- === 0) throw new RangeError('Array buffer allocation failed');
    return new real(length);
  }) as () => Int16Array<ArrayBuffer>);
  try {
    return run();
  } finally {
    spy.mockRestore();
  }
}

describe('answers a want of memory with ENOMEM, and stays as it was', () => {
  const [entry] = entries as [HandlerEntry<string>];
  const names = (columns: FileColumns<string>) => Array.from(columns, ({ file }) => file);

  it('told of many files', () => {
    const columns = new FileColumns<string>();
    expect(() => shortOfMemory(2, () => columns.expect(10_000))).toThrow(
      expect.objectContaining({ code: 'ENOMEM' }),
    );
    columns.reserveRow();
    columns.push(entry, 'file', 1, 0);
    expect(names(columns)).toEqual(['file']);
  });

  it.each([16, 4_096])('after %i files', (count) => {
    const columns = new FileColumns<string>();
    const add = (): void => {
      columns.reserveRow();
      columns.push(entry, `f${columns.length}`, 1, 0);
    };
    for (let row = 0; row < count; row++) add();
    expect(() => shortOfMemory(0, add)).toThrow(expect.objectContaining({ code: 'ENOMEM' }));
    expect(columns.length).toBe(count);
    add();
    expect(names(columns)).toEqual(Array.from({ length: count + 1 }, (_, row) => `f${row}`));
  });
});
