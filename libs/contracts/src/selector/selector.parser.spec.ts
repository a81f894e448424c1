import fc from 'fast-check';
import { parseSelector, SELECTOR_LENGTH_MAX } from './selector.parser';

describe('label selectors', () => {
  it.each([
    ['', []],
    ['  ', []],
    ['zone=a', [{ kind: 'in', key: 'zone', values: ['a'] }]],
    ['zone == a', [{ kind: 'in', key: 'zone', values: ['a'] }]],
    ['zone!=a', [{ kind: 'not-in', key: 'zone', values: ['a'] }]],
    ['rack', [{ kind: 'exists', key: 'rack' }]],
    ['! rack', [{ kind: 'absent', key: 'rack' }]],
    ['in in (in)', [{ kind: 'in', key: 'in', values: ['in'] }]],
    ['role notin(db, web)', [{ kind: 'not-in', key: 'role', values: ['db', 'web'] }]],
    [
      'zone=a,role in (db,web)',
      [
        { kind: 'in', key: 'zone', values: ['a'] },
        { kind: 'in', key: 'role', values: ['db', 'web'] },
      ],
    ],
  ])('reads %j', (text, requirements) =>
    expect(parseSelector(text)).toEqual({ ok: true, requirements }),
  );

  it.each([
    ['zone=', 5, 'expected a label value after "=", found the end'],
    ['=a', 0, 'expected a label key, found "="'],
    ['zone=a,', 7, 'expected a label key, found the end'],
    ['zone=a role=b', 7, 'expected "," between two requirements, found "r"'],
    ['role in db', 8, 'expected "(", found "d"'],
    ['role in (db', 11, 'expected "," or ")", found the end'],
    ['role in ()', 9, 'expected a label value after "(", found ")"'],
    ["zone=a'; drop", 6, 'expected "," between two requirements, found "\'"'],
    ['!', 1, 'expected a label key after "!", found the end'],
  ])('says where %j is wrong', (text, position, message) =>
    expect(parseSelector(text)).toEqual({ ok: false, position, message }),
  );

  it('refuses a text beyond the limit', () => {
    expect(parseSelector('a'.repeat(SELECTOR_LENGTH_MAX + 1))).toMatchObject({ ok: false });
  });

  it('never throws, and every fault lies within the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab=!,() in') }), (text) => {
        const parsed = parseSelector(text);
        if (!parsed.ok) expect(parsed.position).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});
