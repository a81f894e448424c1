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
