import fc from 'fast-check';
import { codeOf } from '../testing';
import { withMemoryFor } from '../testing/scarce-memory';
import { highHalf, joinU64, lowHalf, splitU64 } from '../wire/little-endian';
import { hashToken } from './token-hash';
import { TokenIndex } from './token-index';
import { type TokenRows, TokenTable } from './token-table';

const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 20n }),
  fc.bigInt({ min: 0n, max: 20n }).map((n) => n << 32n),
);

function halves(token: bigint): [number, number] {
  splitU64(token);
  return [lowHalf(), highHalf()];
}

it('splits and joins every u64', () => {
  fc.assert(
    fc.property(u64, (value) => {
      expect(joinU64(...halves(value))).toBe(value);
    }),
  );
});

/** Rows whose tokens have these halves. */
function rowsOf(halvesAt: (row: number) => readonly [number, number]): TokenRows {
  return {
    tokenLowAt: (row) => halvesAt(row)[0],
    tokenHighAt: (row) => halvesAt(row)[1],
    hasToken: (row, low, high) => low === halvesAt(row)[0] && high === halvesAt(row)[1],
    hashTokens: (from, into) => {
      into.forEach((_, i) => (into[i] = hashToken(...halvesAt(from + i))));
    },
  };
}

/** An index and the Map that it must agree with, filled with tokens. */
function filled(tokens: readonly bigint[], expected: number, looksEach = 2) {
  const rows = tokens.map(halves);
  const index = new TokenIndex(rowsOf((row) => rows[row] as [number, number]));
  const map = new Map<bigint, number>();
  const fill = (): void => {
    index.expect(expected);
    const wrong: number[] = [];
    tokens.forEach((token, row) => {
      // Preserve looks before it adds; deserialise does not.
      const isLookedFor = looksEach !== 0 && row % looksEach === 0;
      if (isLookedFor && index.find(...halves(token)) !== (map.get(token) ?? -1)) wrong.push(row);
      index.reserve(...halves(token));
      index.add(row, ...halves(token));
      if (!map.has(token)) map.set(token, row);
    });
    expect(wrong).toEqual([]);
  };
  return { index, map, fill };
}

const ascending = fc
  .uniqueArray(u64, { maxLength: 300, size: 'max' })
  .map((tokens) => tokens.sort((a, b) => (a < b ? -1 : 1)));

/** In any order, with and without repeats; ascending; ascending with one token out of order at its end. */
const tokenLists = fc.oneof(
  fc.uniqueArray(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 300, size: 'max' }),
  fc.array(u64, { maxLength: 300, size: 'max' }),
  ascending,
  fc.tuple(ascending, u64).map(([tokens, last]) => [...tokens, last]),
);

it.each([
  ['in order of rows', (tokens: readonly bigint[]) => [...tokens]],
  ['backwards', (tokens: readonly bigint[]) => tokens.toReversed()],
  [
    'all over the place',
    ({ length, ...tokens }: readonly bigint[]) =>
      Array.from({ length }, (_, i) => tokens[(i * 7919) % length] as bigint),
  ],
])('finds what a Map that keeps the first would find, asked %s', (_, order) => {
  fc.assert(
    fc.property(tokenLists, fc.array(u64), fc.nat(400), (tokens, others, expected) => {
      const { index, map, fill } = filled(tokens, expected);
      fill();
      for (const token of [...order(tokens), ...others, ...order(tokens)]) {
        expect(index.find(...halves(token))).toBe(map.get(token) ?? -1);
      }
      index.clear();
      map.clear();
      for (const token of tokens) expect(index.find(...halves(token))).toBe(-1);
      fill();
      for (const token of tokens) expect(index.find(...halves(token))).toBe(map.get(token) ?? -1);
    }),
    { numRuns: 25, endOnFailure: true }, // large lists, so that tables grow; shrinking those takes minutes
  );
});

it.each([
  ['grown to several parts', 42_000, 0],
  ['grown beyond what is filled unsorted', 140_000, 0],
  ['filled in two batches', 280_000, 280_000],
])('finds what a Map would in a table %s', (_, count, expected) => {
  // Repeats come throughout, so before and after each growth.
  const tokens = Array.from({ length: count }, (_, row) =>
    BigInt.asUintN(64, BigInt(row % 20 === 19 ? row >> 1 : row) * 0x9e37_79b9_7f4a_7c15n),
  );
  const { index, map, fill } = filled(tokens, expected, expected === 0 ? 2 : 0);
  fill();
  const wrong = tokens
    .toReversed()
    .filter((token) => index.find(...halves(token)) !== map.get(token));
  expect(wrong).toEqual([]);
  expect(index.find(1, 1)).toBe(-1);
});

it('tells whether a table filled in two batches has repeats', () => {
  const count = 280_000;
  const tables = [count, count - 1].map(
    (unique) =>
      new TokenTable(
        rowsOf((row) => [row % unique, 0]),
        count,
        count,
      ),
  );
  expect(tables.map(({ hasRepeats }) => hasRepeats)).toEqual([false, true]);
});

describe('answers a want of memory for its table with ENOMEM', () => {
  const tokens = [5n, 6n, 1n];
  const rows = rowsOf((row) => [5 + row, 0]);

  it('and still finds what it had', async () => {
    const table = new TokenTable(rows, 2, 2);
    expect(await codeOf(() => table.reserve(2 ** 40))).toBe('ENOMEM');
    expect([5, 6, 7].map((low) => table.find(low, 0))).toEqual([0, 1, -1]);
  });

  it.each([16, 2 ** 17])('whichever of its parts finds none, at %i rows', async (count) => {
    const spread = rowsOf((row) => [Math.imul(row, 0x9e37_79b1), 0]);
    const found = () => {
      let known = 0;
      for (let row = count - 1; row >= 0; row--) {
        if (table.find(spread.tokenLowAt(row), 0) === row) known += 1;
      }
      return known;
    };
    const table = new TokenTable(spread, count, count);
    const codes: unknown[] = [];
    while (codes.at(-1) !== null) {
      const arrays = codes.length;
      codes.push(await codeOf(() => withMemoryFor(arrays, () => table.reserve(count))));
      expect(found()).toBe(count);
      expect(table.find(spread.tokenLowAt(count), 0)).toBe(-1);
    }
    expect(codes.slice(0, 4)).toEqual([
      'ENOMEM',
      'ENOMEM',
      'ENOMEM',
      count === 16 ? null : 'ENOMEM',
    ]);
  });

  it('not where a table would only be faster', () => {
    const many = Array.from({ length: 100 }, (_, row) => BigInt(row));
    const { index, fill } = filled(many, 0);
    fill();
    const found = withMemoryFor(0, () =>
      many.toReversed().map((token) => index.find(...halves(token))),
    );
    expect(found).toEqual(many.map((_, row) => 99 - row));
  });

  it('at every search while its table is overdue', async () => {
    const { index } = filled(tokens, 0);
    index.expect(2 ** 40);
    tokens.forEach((token, row) => index.add(row, ...halves(token)));
    for (const low of [5, 1]) expect(await codeOf(() => index.find(low, 0))).toBe('ENOMEM');
  });
});
