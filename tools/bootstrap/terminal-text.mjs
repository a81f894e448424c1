// Text on its way to a terminal, for tools that run before anything is built; the rule is that of libs/platform/src/text,
// which a test compares.

const HARMFUL = {
  one: /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
  many: /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
};

/**
 * The text with what would steer a terminal, reorder or hide as a visible escape; line feeds and tabs stay, unless it is
 * `'one'` line.
 */
export function terminalText(text, lines = 'many') {
  return text.replace(HARMFUL[lines], (character) => {
    const hex = character.codePointAt(0).toString(16).padStart(4, '0');
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex}`;
  });
}
