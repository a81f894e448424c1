import fc from 'fast-check';
import { labelFault } from './label-rule';
import { parseSelector } from './selector.parser';

const words = fc.oneof(
  fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'Z', '0', '.', '_', '/', '-', ' ', 'ü') }),
  fc.constantFrom('name', 'in', 'notin', 'x'.repeat(63), 'x'.repeat(64), '__proto__', 'a\u0000'),
);

describe('labels and selectors', () => {
  it('name the same: each label can be selected, and nothing else', () => {
    fc.assert(
      fc.property(words, words, (key, value) => {
        const parsed = parseSelector(`${key}=${value}`);
        const isLabel = labelFault(key, value) === null;
        const selects =
          parsed.kind === 'selector' &&
          parsed.selector.requirements.length === 1 &&
          parsed.selector.matches({ name: 'host', labels: { [key]: value } });
        expect(selects).toBe(isLabel);
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps labels from what selectors mean by themselves', () => {
    expect(labelFault('name', 'x')).toContain("the host's name");
  });

  it.each([
    ['_zone=a', 1],
    ['zone=a_', 6],
    ['zone in (a,b/c)', 12],
    [`${'k'.repeat(64)}`, 1],
  ])('tells where %j could match no label', (text, position) => {
    expect(parseSelector(text)).toMatchObject({
      kind: 'invalid',
      problem: { position: position - 1 },
    });
  });

  it('does not break a character in two when it says what it found', () => {
    expect(parseSelector('zone=😀')).toMatchObject({
      problem: { message: 'expected "," or the end, found "😀"' },
    });
  });
});
