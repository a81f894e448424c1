import { IS_LITTLE_ENDIAN } from './little-endian';

/**
 * 32-bit checksum of the handover region: eight lanes of multiply and rotate over little-endian words, one for each word
 * of an aligned 32-byte group. Any change within one group alters exactly the lanes it touches, each by a bijection, so
 * a flipped bit is always noticed; torn pages are noticed with probability 1 - 2^-32. It guards against accidents, not
 * attackers.
 */
const MULTIPLIER = 0x9e3779b1 | 0;
const LANES = 8;

function mix(lane: number, word: number): number {
  const product = Math.imul(lane ^ word, MULTIPLIER);
  return (product << 13) | (product >>> 19);
}

/** Checksum of a whole region (a multiple of 32 bytes), the word at `skipOffset` counting as 0. */
export function checksum(region: Uint8Array, skipOffset: number): number {
  const words = wordsOf(region);
  const skipped = skipOffset >> 2;
  const group = skipped & -LANES;
  const lanes = new Int32Array(LANES).map((_, lane) => lane + 1);
  mixGroups(lanes, words, 0, group);
  for (let lane = 0; lane < LANES; lane++) {
    const word = group + lane === skipped ? 0 : (words[group + lane] as number);
    lanes[lane] = mix(lanes[lane] as number, word);
  }
  mixGroups(lanes, words, group + LANES, words.length);
  let sum = region.length | 0;
  for (const lane of lanes) sum = mix(sum, lane);
  sum = Math.imul(sum ^ (sum >>> 15), MULTIPLIER);
  return (sum ^ (sum >>> 13)) >>> 0;
}

/** Lanes are locals: stores to an array in between would keep the processor from doing them side by side. */
function mixGroups(lanes: Int32Array, words: Int32Array, from: number, to: number): void {
  let [a, b, c, d, e, f, g, h] = lanes as unknown as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  for (let at = from; at < to; at += LANES) {
    a = mix(a, words[at] as number);
    b = mix(b, words[at + 1] as number);
    c = mix(c, words[at + 2] as number);
    d = mix(d, words[at + 3] as number);
    e = mix(e, words[at + 4] as number);
    f = mix(f, words[at + 5] as number);
    g = mix(g, words[at + 6] as number);
    h = mix(h, words[at + 7] as number);
  }
  lanes.set([a, b, c, d, e, f, g, h]);
}

/** The region as little-endian words: in place where the runtime's own order and alignment allow it. */
function wordsOf(region: Uint8Array): Int32Array {
  const { buffer, byteOffset, byteLength } = region;
  const length = byteLength >> 2;
  if (IS_LITTLE_ENDIAN && byteOffset % 4 === 0) return new Int32Array(buffer, byteOffset, length);
  const view = new DataView(buffer, byteOffset, byteLength);
  return Int32Array.from({ length }, (_, i) => view.getInt32(i * 4, true));
}
