import { sealChecksum } from '../memory/region-format';
import { viewOf } from '../wire/little-endian';

/** Where the file record of a token lies in a region. */
export function recordOffset(region: Uint8Array, token: bigint): number {
  const view = viewOf(region);
  for (let at = 0; at + 8 <= region.length; at += 8) {
    if (view.getBigUint64(at, true) === token) return at - 56;
  }
  throw new Error(`no token ${token} in the region`);
}

/** Where the record of a session lies in a region. */
export function sessionOffset(region: Uint8Array, name: string): number {
  const bytes = [...name, '\0'].map((character) => character.charCodeAt(0));
  for (let at = 256; at < region.length; at++) {
    if (bytes.every((byte, i) => region[at + i] === byte)) return at;
  }
  throw new Error(`no session "${name}" in the region`);
}

/** A copy of a region with something changed in it and a checksum that fits again. */
export function altered(region: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = region.slice();
  change(viewOf(copy));
  sealChecksum(copy);
  return copy;
}
