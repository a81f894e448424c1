import { TerminalPanel } from './terminal.panel';

function panelOf(columns: number) {
  const written: string[] = [];
  const stream = { columns, isTTY: true, write: (text: string) => written.push(text) };
  return { panel: new TerminalPanel(stream), stream, written };
}

/** Rows that the cursor went up before the last text was written. */
const rowsUp = (written: readonly string[]): number =>
  Number(/^\u001b\[(\d+)A/.exec(written.at(-1) ?? '')?.[1] ?? 0);

it('goes up over the rows that its lines take', () => {
  const { panel, written } = panelOf(80);
  panel.draw(['a', 'b']);
  expect(rowsUp(written)).toBe(0);
  panel.draw(['c']);
  expect(rowsUp(written)).toBe(2);
  panel.print('for good');
  expect(rowsUp(written)).toBe(1);
  expect(written.at(-1)).toBe('\u001b[1A\r\u001b[Jfor good\nc\n');
});

it('counts rows anew once the terminal is narrower', () => {
  const { panel, stream, written } = panelOf(80);
  panel.draw(['x'.repeat(70), '', '語'.repeat(30)]);
  stream.columns = 30;
  panel.draw(['y'.repeat(70)]);
  expect(rowsUp(written)).toBe(3 + 1 + 2);
  expect(written.at(-1)).toMatch(/\r\u001b\[Jy{28}…\n$/);
});
