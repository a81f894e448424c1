/** What no text should be, as it would come from a broken or malicious program. */
import fc from 'fast-check';

export const HOSTILE_TEXTS: readonly string[] = [
  ...[
    '\u0000',
    'busy\u0000',
    '\u001b]0;x\u0007',
    '\u001b[31m',
    '\u009b31m',
    '\u007f',
    '\r\n',
    '\t',
  ],
  ...['\ud800', '\udfff', 'a\ud83d', '\u202e', '\u2066', '\u200f', '\u061c', '\u2028', '\u2029'],
  ...[
    '\ufeff',
    '\u200b',
    'שלום',
    '😀',
    'e\u0301',
    '\uffff',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...["'; DROP TABLE hosts; --", '" OR 1=1', '$1', '%', '%00', '%ff', '..%2f', '{{7*7}}', '<b>'],
  ...['../../etc/passwd', '1e999', '-1', 'NaN', 'null', '', ' ', '[]', '{}', 'name', 'name=a'],
  ...['00000000-0000-0000-0000-000000000000', 'x'.repeat(300), '\u0000'.repeat(2000)],
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 })
    .map((units) => String.fromCharCode(...units)),
);

export interface Spoiled {
  /** The innermost name on the way to the place; empty when the text is itself a name. */
  readonly field: string;
  readonly value: unknown;
}

/** Every place in a value where there is text, as a copy with `text` there; and with a field of that name. */
export function spoiled(value: unknown, text: string, field = ''): Spoiled[] {
  if (typeof value === 'string') return [{ field, value: text }];
  if (typeof value !== 'object' || value === null) return [];
  const within = Object.entries(value).flatMap(([key, inner]) =>
    spoiled(inner, text, Array.isArray(value) ? field : key).map((one) => ({
      ...one,
      value: Array.isArray(value)
        ? value.map((item: unknown, index) => (String(index) === key ? one.value : item))
        : { ...value, [key]: one.value },
    })),
  );
  const named = { field: '', value: { ...value, [text]: 'x' } };
  return Array.isArray(value) ? within : [...within, named];
}
