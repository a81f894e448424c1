/**
 * DOC: text on its way to a terminal
 *
 * Purpose: whatever is in a record, a file or an argument can neither steer a terminal nor hide in it nor begin a line.
 *
 * Text for people is made of lines; each goes through `terminalLine` as a whole, so that the only line breaks and
 * control sequences that reach a terminal are the program's own. JSON and YAML keep their meaning: what would do harm is
 * written as their own escapes.
 */
import { escapeForDisplay, escapeJson } from '@luofleet/platform/text';
import stringWidth from 'string-width';
import { Document, isScalar, Scalar, visit } from 'yaml';

/** Text may have joiners, which scripts and emoji need; in a terminal they only make widths uncertain. */
const JOINERS = /[\u200c\u200d]/g;

const asEscape = (character: string): string =>
  `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** One line, in which nothing is left that a terminal would act on. */
export function terminalLine(text: string): string {
  return escapeForDisplay(text).replace(JOINERS, asEscape);
}

/** Indented JSON. */
export function terminalJson(value: unknown): string {
  return escapeJson(JSON.stringify(value, null, 2)).replace(JOINERS, asEscape);
}

/** YAML in which only quoted text has characters that need an escape. */
export function terminalYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (isScalar(node) && typeof node.value === 'string' && isHarmful(node.value))
        node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  const escaped = (character: string) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : asEscape(character);
  };
  return document
    .toString({ lineWidth: 0 })
    .split('\n')
    .map((line) => [...line].map((one) => (isHarmful(one) ? escaped(one) : one)).join(''))
    .join('\n');
}

const isHarmful = (text: string): boolean => terminalLine(text) !== text;

/** Columns that the text takes, at least. */
export const widthOf = (text: string): number => stringWidth(text);

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The text, or as much of it as fits with a mark that there was more. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let left = width - 1;
  for (const { segment } of graphemes.segment(text)) {
    left -= widthOf(segment);
    if (left < 0) break;
    kept += segment;
  }
  return width < 1 ? '' : `${kept}…`;
}

export const padTo = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));
