import fc from 'fast-check';
import { stringify } from 'yaml';
import { readJson, readYaml, YAML_LENGTH_MAX, type DocumentResult } from '.';

const READERS = [
  ['JSON', readJson],
  ['YAML', readYaml],
] as const;

const faultOf = (result: DocumentResult) => (result.kind === 'fault' ? result.fault : null);

describe.each(READERS)('%s', (_name, read) => {
  it.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,"b":{"c":[{"d":1},{"d":1,"e":2,"d":3}]}}', 'b.c[1].d'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"":1,"":2}', '[""]'],
    ['{"a":{"__proto__":{"b":1}}}', 'a.__proto__'],
    ['{"\\u0000":1,"\\u0000":2}', String.raw`["\u0000"]`],
  ])('names the key of %s', (text, path) => {
    expect(faultOf(read(text))).toMatchObject({ path });
  });

  it.each([
    '{"a":{"b":1},"b":{"a":[{"a":1},{"a":1}]}}',
    '{"constructor":1,"toString":2}',
    '["a","a",{"a":"{\\"a\\":1,\\"a\\":2}"}]',
    '"a"',
    'null',
    '1e3',
  ])('takes %s', (text) => {
    expect(read(text)).toEqual({ kind: 'value', value: JSON.parse(text) });
  });

  it('refuses nesting that nobody writes', () => {
    for (const depth of [33, 1000, 15_000])
      expect(faultOf(read(`${'['.repeat(depth)}${']'.repeat(depth)}`))?.message).toContain('deep');
    expect(read(`${'['.repeat(32)}${']'.repeat(32)}`).kind).toBe('value');
  });

  it('says what is wrong without repeating the harm', () => {
    expect(JSON.stringify(read('{"a": \u0000\u202e'))).not.toMatch(/\\u0000[^"]*\u202e|\u202e/);
    expect(faultOf(read('{"a": "b'))).toMatchObject({ path: '' });
  });
});

it('gives what JSON.parse gives, but for keys that are there twice', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value, null, 1);
      if (!text.includes('__proto__'))
        expect(readJson(text)).toEqual({ kind: 'value', value: JSON.parse(text) });
    }),
  );
});

describe('YAML', () => {
  it.each([
    ...['1: a\n"1": b', 'a: 1\na: 1', 'null: 1\n"": 2', '? [a]\n: 1', '&x a: 1\n*x : 2'],
    ...["a: 1\n'a': 1", 'a: 1\n"\\x61": 1', '{a: 1, ? a : 2}', '<<: {a: 1}\n<<: {b: 1}'],
    ...['a: 1\n---\nb: 1', 'a: 1\n!!str a: 1', 'true: 1\n"true": 1', '0x10: 1\n16: 1'],
  ])('refuses %j', (text) => expect(readYaml(text).kind).toBe('fault'));

  it('is read as version 1.2, whatever it says of itself', () => {
    expect(readYaml('%YAML 1.1\n---\na: yes\n<<: { b: 1 }\n')).toEqual({
      kind: 'value',
      value: { a: 'yes', '<<': { b: 1 } },
    });
  });

  it('refuses aliases that multiply, and text beyond its bound', () => {
    const bomb = Array.from(
      { length: 9 },
      (_, i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(i ? 9 : 0)}1]`,
    );
    expect(readYaml(bomb.join('\n')).kind).toBe('fault');
    expect(readYaml(`a: ${'x'.repeat(YAML_LENGTH_MAX)}`).kind).toBe('fault');
    expect(readYaml(stringify({ a: 'x'.repeat(30_000) })).kind).toBe('value');
  });
});
