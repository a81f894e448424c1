/**
 * Fixed-size, NUL-terminated UTF-8 fields, as `strscpy()` writes them: cut to fit, always terminated, the rest
 * zero. UTF-8 is done by hand because the pure core has no TextEncoder.
 */

/** UTF-8 bytes of a string; a lone surrogate becomes U+FFFD as everywhere else on the web. */
export function encodeUtf8(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    let point = character.codePointAt(0) as number;
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000) {
      bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    } else {
      bytes.push(
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 63),
        0x80 | ((point >> 6) & 63),
        0x80 | (point & 63),
      );
    }
  }
  return bytes;
}

/** Text of UTF-8 bytes; malformed bytes become U+FFFD, one for each. */
export function decodeUtf8(bytes: ArrayLike<number>): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] as number;
    const extra =
      lead < 0x80 ? 0 : lead >> 5 === 6 ? 1 : lead >> 4 === 14 ? 2 : lead >> 3 === 30 ? 3 : -1;
    const point = extra < 0 ? -1 : decodePoint(bytes, at, lead, extra);
    text += String.fromCodePoint(point < 0 ? 0xfffd : point);
    at += point < 0 ? 1 : 1 + extra;
  }
  return text;
}

const SMALLEST_POINT = [0, 0x80, 0x800, 0x10000] as const;

function decodePoint(bytes: ArrayLike<number>, at: number, lead: number, extra: number): number {
  let point = extra === 0 ? lead : lead & (0x3f >> extra);
  for (let i = 1; i <= extra; i++) {
    const next = bytes[at + i];
    if (next === undefined || next >> 6 !== 2) return -1;
    point = (point << 6) | (next & 63);
  }
  const overlong = point < (SMALLEST_POINT[extra] ?? 0);
  const surrogate = point >= 0xd800 && point <= 0xdfff;
  return overlong || surrogate || point > 0x10ffff ? -1 : point;
}

/** Field of `size` bytes holding the text, cut to `size - 1` bytes and terminated. */
export function encodeField(text: string, size: number): Uint8Array {
  const field = new Uint8Array(size);
  const encoded = encodeUtf8(text);
  field.set(encoded.slice(0, size - 1));
  return field;
}

/** Text of a field up to its NUL, or null when the field is not terminated. */
export function decodeField(view: DataView, offset: number, size: number): string | null {
  const bytes: number[] = [];
  for (let i = 0; i < size; i++) {
    const byte = view.getUint8(offset + i);
    if (byte === 0) return decodeUtf8(bytes);
    bytes.push(byte);
  }
  return null;
}
