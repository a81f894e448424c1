import fc from 'fast-check';
import {
  bytesOf,
  findSwitch,
  parseKernelParameters,
  readSwitch,
  textOf,
} from './kernel-parameters';

const pairs = (line: string) =>
  parseKernelParameters(bytesOf(line)).parameters.map(({ name, value }) => [name, value]);

describe('a kernel command line', () => {
  it.each<[string, Array<[string, string | null]>]>([
    ['', []],
    [
      '  quiet\t ro\n',
      [
        ['quiet', null],
        ['ro', null],
      ],
    ],
    ['a=b=c', [['a', 'b=c']]],
    ['=x=y', [['=x', 'y']]],
    [
      'a="b c" d',
      [
        ['a', 'b c'],
        ['d', null],
      ],
    ],
    [
      '"a=b c" d',
      [
        ['a', 'b c'],
        ['d', null],
      ],
    ],
    [
      '"a b" d',
      [
        ['a b', null],
        ['d', null],
      ],
    ],
    ['note=" liveupdate=on "', [['note', ' liveupdate=on ']]],
    ['note=x" liveupdate=on "y', [['note', 'x" liveupdate=on "y']]],
    ['a="b"c', [['a', 'b"c']]],
    ['a="', [['a', '']]],
    ['a="b c', [['a', 'b c']]],
    ['"', [['', null]]],
    [
      'x=\u00a0kho=on',
      [
        ['x', bytesOf('\u00a0').slice(0, 1)],
        ['kho', 'on'],
      ],
    ],
  ])('%j', (line, expected) => {
    expect(pairs(line)).toEqual(expected);
  });

  it('ends for the kernel at --, also at a quoted one, but not at --=x', () => {
    expect(pairs('a -- b')).toEqual([['a', null]]);
    expect(pairs('a "--" b')).toEqual([['a', null]]);
    expect(pairs('a --=x "-- " b')).toEqual([
      ['a', null],
      ['--', 'x'],
      ['-- ', null],
      ['b', null],
    ]);
    expect(parseKernelParameters('a  -- b').end).toBe(3);
  });

  it('knows a quote that is never closed', () => {
    expect(parseKernelParameters('a "b c').isClosed).toBe(false);
    expect(parseKernelParameters('a "b c"').isClosed).toBe(true);
    expect(parseKernelParameters('a "b" -- "c').isClosed).toBe(true);
  });
});

describe('a switch', () => {
  it.each(['on', 'ON', 'oN', 'only', '1', '17', 'y', 'Yes', 't', 'TRUE', 'enable'])(
    'is on with %s',
    (value) => expect(readSwitch(value)).toBe(true),
  );
  it.each(['off', 'OF', '0', 'n', 'No', 'f', 'False', 'disabled'])('is off with %s', (value) =>
    expect(readSwitch(value)).toBe(false),
  );
  it.each([null, '', 'o', 'ok', '2', ' on', '"on'])('is as it was with %j', (value) =>
    expect(readSwitch(value)).toBeNull(),
  );

  it('is what the last value says that the kernel understands', () => {
    const found = (line: string) => findSwitch(parseKernelParameters(line), 'kho');
    expect(found('kho=on kho=off')).toBe(false);
    expect(found('kho=off kho=on')).toBe(true);
    expect(found('kho=on kho=perhaps kho')).toBe(true);
    expect(found('kho_scratch=1 xkho=1 Kho=1')).toBeNull();
  });
});

const word = fc.stringMatching(/^[a-z][a-z0-9_.]{0,6}$/);
const plain = fc.stringMatching(/^[a-z0-9_.,:/-]{0,8}$/);
const spaced = fc.stringMatching(/^[a-z0-9 \t=-]{0,12}$/);
const gap = fc.stringMatching(/^[ \t\n]{1,3}$/);
/** A parameter and one way to write it. */
const written = fc.oneof(
  word.map((name) => ({ name, value: null, text: name })),
  fc.tuple(word, plain).map(([name, value]) => ({ name, value, text: `${name}=${value}` })),
  fc.tuple(word, spaced).map(([name, value]) => ({ name, value, text: `${name}="${value}"` })),
  fc.tuple(word, spaced).map(([name, value]) => ({ name, value, text: `"${name}=${value}"` })),
);

describe('any command line', () => {
  it('is read as it was written, however it was quoted and spaced', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(gap, written)), gap, (parts, last) => {
        const line = parts.map(([space, { text }]) => `${space}${text}`).join('') + last;
        expect(pairs(line)).toEqual(parts.map(([, { name, value }]) => [name, value]));
      }),
    );
  });

  it('holds no switch inside quotes', () => {
    fc.assert(
      fc.property(fc.array(written), spaced, spaced, (parts, before, after) => {
        const others = parts.filter(({ name }) => name !== 'kho').map(({ text }) => text);
        const line = `${others.join(' ')} note="${before} kho=on ${after}"`;
        expect(findSwitch(parseKernelParameters(line), 'kho')).toBeNull();
      }),
    );
  });

  it('is covered by its parameters and white space, and read in order', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^["=a \t-]{0,24}$/), (line) => {
        const { parameters, end } = parseKernelParameters(line);
        let from = 0;
        for (const one of parameters) {
          expect(line.slice(from, one.start).trim()).toBe('');
          expect(one.end).toBeGreaterThan(one.start);
          from = one.end;
        }
        expect(line.slice(from, end).trim()).toBe('');
      }),
    );
  });

  it('survives the way to the kernel’s bytes and back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (line) => {
        expect(textOf(bytesOf(line))).toBe(line);
      }),
    );
  });
});
