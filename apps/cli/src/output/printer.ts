import { stringify } from 'yaml';
import { type Column, formatTable } from './columns';

export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Where a command writes. Results go to stdout; everything about how it goes, to stderr. */
export interface Terminal {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

export class Printer {
  constructor(
    private readonly terminal: Terminal,
    readonly format: OutputFormat,
  ) {}

  /** One object: as JSON or YAML whole, as a table by `asText`. */
  object<Value>(value: Value, asText: (value: Value) => string): void {
    this.line(this.structured(value) ?? asText(value));
  }

  /** A list: `{items:[…]}` as JSON or YAML, rows as a table. */
  list<Item>(items: readonly Item[], columns: readonly Column<Item>[]): void {
    this.line(this.structured({ items }) ?? formatTable(columns, items));
  }

  line(text: string): void {
    this.terminal.stdout.write(`${text.replace(/\n$/, '')}\n`);
  }

  note(text: string): void {
    this.terminal.stderr.write(`${text}\n`);
  }

  private structured(value: unknown): string | null {
    if (this.format === 'json') return JSON.stringify(value, null, 2);
    if (this.format === 'yaml') return stringify(value, { lineWidth: 0 });
    return null;
  }
}
