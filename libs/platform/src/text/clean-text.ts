import { isPlainText } from './plain-text';
import { replaceHarmful, type TextLines, visibleEscape } from './harmful-characters';

/**
 * What a host or a workload says, fit to be stored and shown: each harmful character becomes a visible escape, and what
 * is beyond `lengthMax` UTF-16 units is cut off between two characters, with a mark that says how much. Cleaning again
 * changes nothing.
 */
export function cleanText(text: string, lengthMax: number, lines: TextLines = 'one'): string {
  if (text.length <= lengthMax && isPlainText(text, lines)) return text;
  const { kept, taken } = takeCleaned(text, lengthMax, lines);
  if (taken === text.length) return kept;
  const room = Math.max(0, lengthMax - cutMark(text.length).length);
  const short = takeCleaned(text, room, lines);
  return (short.kept + cutMark(text.length - short.taken)).slice(0, lengthMax);
}

/** As much of the text as has room once it is clean, and how many of its units that took. */
function takeCleaned(text: string, room: number, lines: TextLines) {
  let kept = '';
  let taken = 0;
  for (const character of text.slice(0, room + 1)) {
    const clean = escapeForDisplay(character, lines);
    if (kept.length + clean.length > room) break;
    kept += clean;
    taken += character.length;
  }
  return { kept, taken };
}

const cutMark = (unitsLeftOut: number): string => `… (${unitsLeftOut} more characters)`;

/**
 * A name that a host or a workload gave: as `cleanText`, and composed (NFC), so that equal looks are equal names. It is
 * composed after escaping: the last digit of an escape could take an accent that followed.
 */
export function cleanName(name: string, lengthMax: number): string {
  return cleanText(escapeForDisplay(name).normalize('NFC'), lengthMax);
}

/**
 * Text on its way to a terminal, a log or a page, whatever is in the record: every harmful character as a visible escape
 * (`\u001b`), so that it can neither steer the terminal, nor reorder what stands beside it, nor hide. `'many'` lets line
 * feeds and tabs through, for text that is shown as a block; a cell of a table or one line of a list takes `'one'`.
 */
export function escapeForDisplay(text: string, lines: TextLines = 'one'): string {
  return replaceHarmful(text, visibleEscape, lines);
}

/**
 * A JSON document that means the same and has no harmful character in it. JSON leaves C1 and bidirectional controls and
 * line separators as they are; outside of its strings there are none.
 */
export function escapeJson(json: string): string {
  return replaceHarmful(
    json,
    (character) =>
      character
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
    'many',
  );
}
