import { type Column, formatTable } from './columns';
import { terminalJson, terminalLine, terminalYaml } from './terminal-text';

export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Where a command writes. Results go to stdout; everything about how it goes, to stderr. */
export interface Terminal {
  readonly stdout: Stream;
  readonly stderr: Stream;
}

/** The one way out for results and messages: what it writes is safe in a terminal. */
export class Printer {
  constructor(
    private readonly terminal: Terminal,
    readonly format: OutputFormat,
  ) {}

  /** Columns that a line may have; only a terminal sets a limit. */
  get width(): number {
    const { isTTY, columns } = this.terminal.stdout;
    return (isTTY === true && columns) || Infinity;
  }

  /** One object: as JSON or YAML whole, as a table by `asLines`. */
  object<Value>(value: Value, asLines: (value: Value) => readonly string[]): void {
    if (!this.structured(value)) this.lines(asLines(value));
  }

  /** A list: `{items:[…]}` as JSON or YAML, rows as a table. */
  list<Item>(items: readonly Item[], columns: readonly Column<Item>[]): void {
    if (!this.structured({ items })) this.lines(formatTable(columns, items, this.width));
  }

  note(text: string): void {
    this.terminal.stderr.write(`${terminalLine(text)}\n`);
  }

  private lines(lines: readonly string[]): void {
    this.terminal.stdout.write(lines.map((line) => `${terminalLine(line)}\n`).join(''));
  }

  private structured(value: unknown): boolean {
    if (this.format === 'table') return false;
    const text = this.format === 'json' ? `${terminalJson(value)}\n` : terminalYaml(value);
    this.terminal.stdout.write(text);
    return true;
  }
}
