import fc from 'fast-check';
import { type Column, formatTable } from './columns';
import { cutTo, terminalJson, terminalLine, terminalYaml, widthOf } from './terminal-text';
import { parse } from 'yaml';

interface Row {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
}
const columns: Column<Row>[] = [
  { heading: 'NAME', cell: ({ name }) => name, isName: true },
  { heading: 'STATE', cell: ({ state }) => state },
  { heading: 'REASON', cell: ({ reason }) => reason },
];
const row = { name: 'host-with-a-long-name-1', state: 'running', reason: 'r'.repeat(60) };

it('cuts the widest column first, and a name last', () => {
  expect(formatTable(columns, [row], 60)).toEqual([
    'NAME                     STATE    REASON',
    `host-with-a-long-name-1  running  ${'r'.repeat(25)}…`,
  ]);
  expect(formatTable(columns, [row], 39)[1]).toBe('host-with-a-long-name-1  runni…  rrrrr…');
  expect(formatTable(columns, [row], 30)[1]).toBe('host-with-a-l…  runni…  rrrrr…');
});

it('never cuts what goes into a pipe', () => {
  expect(formatTable(columns, [row], Infinity)[1]).toContain('r'.repeat(60));
});

it('aligns wide and combining characters', () => {
  const rows = ['主机', 'e\u0301te\u0301', 'plain'].map((name) => ({ ...row, name }));
  const starts = formatTable(columns, rows, Infinity).map((line) =>
    widthOf(line.slice(0, line.search(/running|STATE/))),
  );
  expect(new Set(starts).size).toBe(1);
});

const text = fc.string({ unit: 'binary', maxLength: 40 });

it('fits any text into any width', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ name: text, state: text, reason: text })),
      fc.integer({ min: 1, max: 120 }),
      (rows, width) => {
        for (const line of formatTable(columns, rows, width)) {
          expect(widthOf(line)).toBeLessThanOrEqual(width);
          expect(terminalLine(line)).toBe(line);
        }
      },
    ),
  );
});

it('cuts between characters as people see them', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 50 }), (whole, width) => {
      const cut = cutTo(terminalLine(whole), width);
      expect(cut).not.toMatch(/\p{Cs}/u);
      expect(widthOf(cut)).toBeLessThanOrEqual(width);
    }),
  );
});

// JSON has no -0, YAML has.
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

it('writes JSON and YAML that mean the same and hold nothing a terminal acts on', () => {
  const value = fc.jsonValue({ stringUnit: 'binary' });
  fc.assert(
    fc.property(value, (whole) => {
      const wanted = asJson(whole);
      for (const [written, read] of [
        [terminalJson(whole), JSON.parse],
        [terminalYaml(whole), (yaml: string): unknown => parse(yaml)],
      ] as const) {
        for (const line of written.split('\n')) expect(terminalLine(line)).toBe(line);
        expect(asJson(read(written))).toEqual(wanted);
      }
    }),
  );
});
