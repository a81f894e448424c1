import type { Stream } from '../output/printer';
import { cutTo, widthOf } from '../output/terminal-text';

const COLUMNS_DEFAULT = 80;
const ERASE_BELOW = '\u001b[J';
const cursorUp = (rows: number): string => (rows === 0 ? '' : `\u001b[${rows}A`);

/**
 * DOC: lines at the foot of a terminal that are drawn again and again
 *
 * Happy path: the cursor stands in the row below the panel. To draw, it goes up as many rows as the panel takes,
 * everything from there on is erased, and what is new is written; all of it in one write.
 * Unhappy paths: a text printed above is longer than a row -> it is written whole and wraps as the terminal has it,
 * since the panel is not there at that moment. The terminal became narrower -> old lines count as the rows they take now.
 * Lines of the panel are cut to one row each; there must be fewer of them than the terminal has rows.
 */
export class TerminalPanel {
  private lines: readonly string[] = [];

  constructor(private readonly stream: Stream) {}

  draw(lines: readonly string[]): void {
    this.redraw('', lines);
  }

  /** A line for good, above the panel. */
  print(line: string): void {
    this.redraw(`${line}\n`, this.lines);
  }

  private redraw(above: string, lines: readonly string[]): void {
    const columns = this.stream.columns || COLUMNS_DEFAULT;
    const rows = this.lines.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)),
      0,
    );
    // A full row leaves the cursor where terminals differ.
    this.lines = lines.map((line) => cutTo(line, columns - 1));
    const text = this.lines.map((line) => `${line}\n`).join('');
    this.stream.write(`${cursorUp(rows)}\r${ERASE_BELOW}${above}${text}`);
  }
}
