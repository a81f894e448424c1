import { cutTo, padTo, terminalLine, widthOf } from './terminal-text';

/** One column of a table: its heading and the text of a cell. */
export interface Column<Item> {
  readonly heading: string;
  readonly cell: (item: Item) => string | number;
  /** What the row is about: cut only when nothing else is left to cut. */
  readonly isName?: boolean;
}

const GAP = '  ';
/** A column that is narrower tells nothing. */
const WIDTH_MIN = 6;

/** Rows under headings, aligned and without frames; in a terminal no wider than it. */
export function formatTable<Item>(
  columns: readonly Column<Item>[],
  items: readonly Item[],
  width: number,
): string[] {
  const rows = [
    columns.map(({ heading }) => heading),
    ...items.map((item) => columns.map(({ cell }) => cellText(cell(item)))),
  ];
  const natural = columns.map((_, index) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[index] ?? '')), 0),
  );
  const widths = fit(natural, columns, width);
  return rows.map((row) => {
    const cells = row.map((text, index) => {
      const cellWidth = widths[index] ?? 0;
      return padTo(cutTo(text, cellWidth), cellWidth);
    });
    return cutTo(cells.join(GAP).trimEnd(), width);
  });
}

/** Takes from the widest column until the row fits; from names last. */
function fit(
  natural: readonly number[],
  columns: readonly Column<never>[],
  width: number,
): readonly number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1) - width;
  for (const names of [false, true])
    while (excess > 0) {
      const candidates = [...widths.keys()].filter(
        (index) => (columns[index]?.isName ?? false) === names && widths[index]! > WIDTH_MIN,
      );
      if (candidates.length === 0) break;
      const widest = candidates.reduce((a, b) => (widths[b]! > widths[a]! ? b : a));
      widths[widest]! -= 1;
      excess -= 1;
    }
  return widths;
}

/** `name  value` lines. */
export function formatFields(fields: ReadonlyArray<readonly [string, string | number]>): string[] {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${cellText(value)}`);
}

function cellText(value: string | number): string {
  const text = String(value).replaceAll(/[\r\n]+/g, ' ');
  return text === '' ? '-' : terminalLine(text);
}
