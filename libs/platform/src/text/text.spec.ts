import fc from 'fast-check';
import { cleanName, cleanText, escapeForDisplay, escapeJson, isPlainText, plainTextFault } from '.';

const NAMED = [
  ...['\u0000', '\u0007', '\u001b', '\u007f', '\u0085', '\u009b', '\r', '\n', '\t'],
  ...['\u061c', '\u200b', '\u200e', '\u200f', '\u2028', '\u2029', '\u202a', '\u202e', '\u2060'],
  ...['\u2066', '\u2069', '\ufeff', '\ud800', '\udfff', '\u{e0041}', '\u00ad'],
];
/** Everything UTF-16 can hold, with what is named here far more often than chance would have it. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(...NAMED),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      fc.constantFrom('a', 'f', '0', '\u0301', '\u0327', 'é', '😀', '\u200d', '\\u0000', '中'),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));
const lines = fc.constantFrom('one' as const, 'many' as const);

describe('plainTextFault', () => {
  it.each(NAMED)('refuses %j in one line, and does not repeat it', (character) => {
    const fault = plainTextFault(`ab${character}c`);
    expect(fault).toContain('at position 3');
    expect(isPlainText(fault ?? '')).toBe(true);
  });

  it('lets line feeds and tabs into several lines, and nothing else of these', () => {
    expect(NAMED.filter((character) => isPlainText(character, 'many'))).toEqual(['\n', '\t']);
  });

  it.each(['', 'zürich', 'שלום', 'خانه\u200cها', '👩\u200d🚀', '❤️', '\u{10ffff}', '<b>"\\\'&'])(
    'takes %j',
    (text) => expect(plainTextFault(text)).toBeNull(),
  );
});

describe('cleanText', () => {
  it('shows what it takes the harm out of', () => {
    expect(cleanText('a\u0000b\u001b[31m\ud800\u202e\u{e0041}\n', 100)).toBe(
      String.raw`a\u0000b\u001b[31m\ud800\u202e\u{e0041}\u000a`,
    );
    expect(cleanText('a\nb\r\n', 100, 'many')).toBe('a\nb\\u000d\n');
  });

  it('says how much it left out, and cuts no character and no escape in two', () => {
    expect(cleanText('x'.repeat(100), 30)).toBe('xxxxxxx… (93 more characters)');
    expect(cleanText(`xxxxx${'😀'.repeat(20)}`, 30)).toBe('xxxxx😀… (38 more characters)');
    expect(cleanText(`xxxxx${'\u0000'.repeat(30)}`, 30)).toBe('xxxxx… (30 more characters)');
  });

  it('gives text that is plain, bounded and left alone from then on', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 0, max: 200 }), lines, (text, max, kind) => {
        const clean = cleanText(text, max, kind);
        expect(isPlainText(clean, kind)).toBe(true);
        expect(clean.length).toBeLessThanOrEqual(max);
        expect(cleanText(clean, max, kind)).toBe(clean);
        if (isPlainText(text, kind) && text.length <= max) expect(clean).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('cleanName', () => {
  it('is composed, plain, bounded and left alone from then on', () => {
    expect(cleanName('e\u0301', 10)).toBe('é');
    fc.assert(
      fc.property(hostile, fc.integer({ min: 0, max: 200 }), (text, max) => {
        const clean = cleanName(text, max);
        expect(isPlainText(clean)).toBe(true);
        expect(clean.normalize('NFC')).toBe(clean);
        expect(clean.length).toBeLessThanOrEqual(max);
        expect(cleanName(clean, max)).toBe(clean);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('on the way out', () => {
  it('escapes for display once and for all', () => {
    fc.assert(
      fc.property(hostile, lines, (text, kind) => {
        const shown = escapeForDisplay(text, kind);
        expect(isPlainText(shown, kind)).toBe(true);
        expect(escapeForDisplay(shown, kind)).toBe(shown);
      }),
    );
  });

  it('leaves the meaning of JSON alone', () => {
    fc.assert(
      fc.property(hostile, hostile, (key, value) => {
        const json = escapeJson(JSON.stringify({ [key]: value }));
        expect(isPlainText(json)).toBe(true);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ [key]: value })));
      }),
    );
  });
});
