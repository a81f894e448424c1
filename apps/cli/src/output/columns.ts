import Table from 'cli-table3';

/** One column of a table: its heading and the text of a cell. */
export interface Column<Item> {
  readonly heading: string;
  readonly cell: (item: Item) => string | number;
}

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Rows under headings, aligned, without frames so that it can be piped into other programs. */
export function formatTable<Item>(
  columns: readonly Column<Item>[],
  items: readonly Item[],
): string {
  const table = new Table({
    head: columns.map(({ heading }) => heading),
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  for (const item of items) table.push(columns.map(({ cell }) => cellText(cell(item))));
  return withoutTrailingSpace(table.toString());
}

/** `name  value` lines. */
export function formatFields(fields: ReadonlyArray<readonly [string, string | number]>): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${cellText(value)}`).join('\n');
}

function cellText(value: string | number): string {
  const text = String(value);
  return text === '' ? '-' : text.replaceAll(/[\r\n]+/g, ' ');
}

function withoutTrailingSpace(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
