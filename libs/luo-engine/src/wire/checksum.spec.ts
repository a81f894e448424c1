import { checksum } from './checksum';

const SKIPPED = 24;
const BYTES = 512;

/** The definition, word by word: what the unrolled code must equal. */
function defined(region: Uint8Array): number {
  const view = new DataView(region.buffer, region.byteOffset, region.byteLength);
  const mix = (lane: number, word: number): number => {
    const product = Math.imul(lane ^ word, 0x9e3779b1);
    return (product << 13) | (product >>> 19);
  };
  const lanes = [1, 2, 3, 4, 5, 6, 7, 8];
  for (let at = 0; at < region.length; at += 4) {
    const lane = (at >> 2) % 8;
    lanes[lane] = mix(lanes[lane]!, at === SKIPPED ? 0 : view.getInt32(at, true));
  }
  let sum = region.length;
  for (const lane of lanes) sum = mix(sum, lane);
  sum = Math.imul(sum ^ (sum >>> 15), 0x9e3779b1);
  return (sum ^ (sum >>> 13)) >>> 0;
}

function filled(offset: number): Uint8Array {
  const bytes = new Uint8Array(BYTES + offset).subarray(offset);
  for (let i = 0; i < BYTES; i++) bytes[i] = (i * 37 + (i >> 3)) & 0xff;
  return bytes;
}

it.each([0, 4, 1, 6])('is the same at any alignment (offset %i)', (offset) => {
  const region = filled(offset);
  expect(checksum(region, SKIPPED)).toBe(defined(region));
});

it('notices every flipped bit outside of its own word, and none inside', () => {
  const region = filled(0);
  const before = checksum(region, SKIPPED);
  for (let bit = 0; bit < BYTES * 8; bit++) {
    const at = bit >> 3;
    region[at] = region[at]! ^ (1 << (bit & 7));
    const inside = at >= SKIPPED && at < SKIPPED + 4;
    expect([bit, checksum(region, SKIPPED) === before]).toEqual([bit, inside]);
    region[at] = region[at] ^ (1 << (bit & 7));
  }
});

it('notices two top bits flipped in the same lane, and words that changed places', () => {
  const region = filled(0);
  const before = checksum(region, SKIPPED);
  region[35]! ^= 0x80;
  region[67]! ^= 0x80;
  expect(checksum(region, SKIPPED)).not.toBe(before);
  const swapped = filled(0);
  swapped.set(filled(0).subarray(64, 96), 32);
  swapped.set(filled(0).subarray(32, 64), 64);
  expect(checksum(swapped, SKIPPED)).not.toBe(before);
});
