import fc from 'fast-check';
import { parseSelector, SELECTOR_LENGTH_MAX } from './selector.parser';

const host = { name: 'host-1', labels: { zone: 'a', role: 'db', gpu: '', name: 'hidden' } };

function matches(text: string): boolean {
  const result = parseSelector(text);
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problem));
  return result.selector.matches(host);
}

it.each([
  ['', true],
  ['  ', true],
  ['zone=a', true],
  ['zone==a', true],
  ['zone=b', false],
  ['zone=a,role in (db,web)', true],
  ['zone=a,role in (web)', false],
  ['role notin (web)', true],
  ['role notin (db)', false],
  ['rack notin (r1)', true],
  ['gpu', true],
  ['!gpu', false],
  ['gpu=', true],
  ['rack', false],
  ['!rack', true],
  ['env!=prod', true],
  ['zone!=a', false],
  ['name=host-1', true],
  ['name=hidden', false],
  [' zone = a , role in ( db , web ) , ! rack ', true],
  ['in=in,notin', false],
  ['constructor', false],
])('%j is %s', (text, expected) => expect(matches(text)).toBe(expected));

it.each([
  [',zone=a', 0],
  ['zone=a,', 7],
  ['zone=a b', 7],
  ['role within (a)', 5],
  ['role in a', 8],
  ['role in ()', 9],
  ['role in (a', 10],
  ['role in (a,)', 11],
  ['zone=a;role=b', 6],
  ['!', 1],
  ['zöne=a', 1],
  ['x'.repeat(SELECTOR_LENGTH_MAX + 1), SELECTOR_LENGTH_MAX],
])('%j is wrong at %i', (text, position) => {
  expect(parseSelector(text)).toMatchObject({ kind: 'invalid', problem: { position } });
});

it('never throws, and points into the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab=!,() in') }), (text) => {
      const result = parseSelector(text);
      if (result.kind === 'invalid') {
        expect(result.problem.position).toBeGreaterThanOrEqual(0);
        expect(result.problem.position).toBeLessThanOrEqual(text.length);
      } else {
        expect(typeof result.selector.matches(host)).toBe('boolean');
      }
    }),
    { numRuns: 2_000 },
  );
});
