import fc from 'fast-check';
import { decodeField, decodeUtf8, encodeField, encodeUtf8 } from './c-string';
import { viewOf } from './little-endian';

it.each([
  ['A', [0x41]],
  ['é', [0xc3, 0xa9]],
  ['€', [0xe2, 0x82, 0xac]],
  ['😀', [0xf0, 0x9f, 0x98, 0x80]],
  ['\ud800', [0xef, 0xbf, 0xbd]],
])('encodes %j as UTF-8', (text, bytes) => {
  expect(encodeUtf8(text)).toEqual(bytes);
});

it('encodes every character as percent-encoding does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const escaped = encodeURIComponent(text).match(/%[0-9A-F]{2}|[^%]/g) ?? [];
      const bytes = escaped.map((part) =>
        part.length === 3 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0),
      );
      expect(encodeUtf8(text)).toEqual(bytes);
    }),
  );
});

it('decodes what it encodes and never throws on other bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(decodeUtf8(encodeUtf8(text))).toBe(text);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      expect(typeof decodeUtf8(bytes)).toBe('string');
    }),
  );
});

it.each([
  [[0xc0, 0x80]],
  [[0xed, 0xa0, 0x80]],
  [[0xf4, 0x90, 0x80, 0x80]],
  [[0xe2, 0x82]],
  [[0xff]],
])('malformed %j decodes to replacement characters', (bytes) => {
  expect(decodeUtf8(bytes)).toBe('\ufffd'.repeat(bytes.length));
});

it('cuts a field to fit, always terminated', () => {
  const field = encodeField('abcdef', 4);
  expect([...field]).toEqual([0x61, 0x62, 0x63, 0]);
  expect(decodeField(viewOf(field), 0, 4)).toBe('abc');
  expect(decodeField(viewOf(field), 0, 3)).toBeNull();
});
