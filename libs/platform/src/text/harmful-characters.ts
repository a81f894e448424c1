/**
 * The one rule for what text may be. Harmful is what a store refuses (NUL, lone surrogates), what steers a terminal or a
 * page (C0 and C1 controls, bidirectional controls, line and paragraph separators), and what nobody sees (zero width
 * and other format characters). The two joiners stay: scripts and emoji need them, and they change no direction.
 */
const CLASSES = String.raw`\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}`;
const JOINERS = String.raw`\u200c\u200d`;

/** Whether text is one line, or may have line feeds and tabs. */
export type TextLines = 'one' | 'many';

const HARMFUL: Record<TextLines, RegExp> = {
  one: new RegExp(`(?![${JOINERS}])[${CLASSES}]`, 'u'),
  many: new RegExp(`(?![${JOINERS}\\n\\t])[${CLASSES}]`, 'u'),
};
const EVERY_HARMFUL: Record<TextLines, RegExp> = {
  one: new RegExp(HARMFUL.one, 'gu'),
  many: new RegExp(HARMFUL.many, 'gu'),
};

/** The first harmful character, with its place in UTF-16 units from 0; null when there is none. */
export function findHarmful(
  text: string,
  lines: TextLines = 'one',
): { readonly at: number; readonly character: string } | null {
  const found = HARMFUL[lines].exec(text);
  return found === null ? null : { at: found.index, character: found[0] };
}

/** Each harmful character as `write` gives it. */
export function replaceHarmful(
  text: string,
  write: (character: string) => string,
  lines: TextLines = 'one',
): string {
  return HARMFUL[lines].test(text) ? text.replace(EVERY_HARMFUL[lines], write) : text;
}

/** `U+001B`, as people name characters. */
export function nameOfCharacter(character: string): string {
  return `U+${hexOf(character).toUpperCase()}`;
}

/** The character in plain ASCII: `\u001b`, beyond four digits `\u{e0041}`. */
export function visibleEscape(character: string): string {
  const hex = hexOf(character);
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex}`;
}

function hexOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
}
