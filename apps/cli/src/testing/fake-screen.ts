import { widthOf } from '../output/terminal-text';

interface Cell {
  readonly row: number;
  readonly column: number;
}

/**
 * What a terminal of this size shows after what was written to it: rows that wrap, rows that scroll away, and the cursor
 * movements that the program uses. Anything else that steers a terminal is an error.
 */
export class FakeScreen {
  /** Every row there ever was; the last `rows` of them are on the screen. */
  private readonly all: string[] = [''];
  private cursor: Cell = { row: 0, column: 0 };

  constructor(
    private readonly columns: number,
    private readonly rows: number,
  ) {}

  write(text: string): void {
    for (const [token] of text.matchAll(/\u001b\[\d*[A-Za-z]|[\s\S]/gu)) this.token(token);
  }

  /** Rows with something in them, from the first that scrolled away on. */
  get text(): string[] {
    return this.all.map((row) => row.trimEnd()).filter((row) => row !== '');
  }

  private token(token: string): void {
    const { row, column } = this.cursor;
    const up = /^\u001b\[(\d+)A$/.exec(token);
    if (up) {
      // The cursor stops at the top of the screen; what has scrolled away is out of reach.
      const top = Math.max(0, this.all.length - this.rows);
      this.cursor = { row: Math.max(top, row - Number(up[1])), column };
    } else if (token === '\u001b[J') {
      this.all[row] = (this.all[row] ?? '').slice(0, column);
      this.all.fill('', row + 1);
    } else if (token === '\r') this.cursor = { row, column: 0 };
    else if (token === '\n') this.moveTo(row + 1);
    else if (/^[\p{Cc}\p{Cf}]/u.test(token)) throw new Error(`unknown: ${JSON.stringify(token)}`);
    else this.print(token);
  }

  private print(character: string): void {
    if (this.cursor.column + widthOf(character) > this.columns) this.moveTo(this.cursor.row + 1);
    const { row, column } = this.cursor;
    const before = (this.all[row] ?? '').padEnd(column);
    this.all[row] = before.slice(0, column) + character + before.slice(column + 1);
    this.cursor = { row, column: column + widthOf(character) };
  }

  private moveTo(row: number): void {
    while (this.all.length <= row) this.all.push('');
    this.cursor = { row, column: 0 };
  }
}
