import fc from 'fast-check';
import { highHalf, joinU64, lowHalf, splitU64 } from '../wire/little-endian';
import { TokenIndex } from './token-index';

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

it('finds what a Map that keeps the first would find', () => {
  fc.assert(
    fc.property(
      fc.array(u64, { maxLength: 300 }),
      fc.array(u64),
      fc.nat(400),
      (tokens, others, room) => {
        const rows = tokens.map(halves);
        const index = new TokenIndex({
          tokenLowAt: (row) => (rows[row] as [number, number])[0],
          tokenHighAt: (row) => (rows[row] as [number, number])[1],
        });
        const map = new Map<bigint, number>();
        index.reserve(room);
        tokens.forEach((token, position) => {
          index.add(position);
          if (!map.has(token)) map.set(token, position);
        });
        for (const token of [...tokens, ...others]) {
          expect(index.find(...halves(token))).toBe(map.get(token) ?? -1);
        }
        index.clear();
        for (const token of tokens) expect(index.find(...halves(token))).toBe(-1);
      },
    ),
  );
});
