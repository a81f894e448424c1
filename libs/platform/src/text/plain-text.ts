import { findHarmful, nameOfCharacter, type TextLines } from './harmful-characters';

/** Whether a person may send this text: nothing in it is harmful. How long it may be is asked apart from this. */
export function isPlainText(text: string, lines: TextLines = 'one'): boolean {
  return findHarmful(text, lines) === null;
}

/** What is wrong with text that a person sent, in words that do not repeat the harm; null when nothing is. */
export function plainTextFault(text: string, lines: TextLines = 'one'): string | null {
  const found = findHarmful(text, lines);
  if (found === null) return null;
  const name = nameOfCharacter(found.character);
  return `has the character ${name} at position ${found.at + 1}; control, bidirectional and invisible characters and broken UTF-16 are not taken`;
}
