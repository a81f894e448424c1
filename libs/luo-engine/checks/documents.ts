import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const library = path.resolve(__dirname, '..');
export const workspace = path.resolve(library, '../..');

/** Text of a file of this library. */
export function readLibraryFile(relative: string): string {
  return readFileSync(path.join(library, relative), 'utf8');
}

/** Paths of the library's specs, sorted, relative to it. */
export function specFiles(): string[] {
  return readdirSync(path.join(library, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.spec.ts'))
    .map((file) => path.posix.join('src', file.split(path.sep).join('/')))
    .sort();
}

/**
 * The stored text of a generated document under docs/. With UPDATE_TABLES=1 the document is written first:
 * `UPDATE_TABLES=1 npx jest -c jest.config.cjs libs/luo-engine/checks`.
 */
export function storedDocument(name: string, generated: string): string {
  const file = path.join(workspace, 'docs', name);
  if (process.env['UPDATE_TABLES'] === '1') writeFileSync(file, generated);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** A Markdown table, kept by formatters as it is. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const lines = [line(header), line(header.map(() => '---')), ...rows.map(line)];
  return ['<!-- prettier-ignore-start -->', '', ...lines, '', '<!-- prettier-ignore-end -->'].join(
    '\n',
  );
}
