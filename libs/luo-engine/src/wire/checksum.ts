/**
 * 32-bit checksum of the handover region, four lanes of multiply and rotate over little-endian words. Any change
 * within one aligned 16-byte group alters exactly the lanes it touches, each by a bijection, so a flipped bit is
 * always noticed; torn pages are noticed with probability 1 - 2^-32. It guards against accidents, not attackers.
 */
const MULTIPLIER = 0x9e3779b1 | 0;
const STIR = 0x85ebca77 | 0;

function mix(lane: number, word: number): number {
  const sum = (lane + Math.imul(word, STIR)) | 0;
  return Math.imul((sum << 13) | (sum >>> 19), MULTIPLIER);
}

/** Checksum of the first `length` bytes (a multiple of 16), the word at `skipOffset` counting as 0. */
export function checksum(view: DataView, length: number, skipOffset: number): number {
  let a = 1;
  let b = 2;
  let c = 3;
  let d = 4;
  for (let at = 0; at < length; at += 16) {
    a = mix(a, at === skipOffset ? 0 : view.getInt32(at, true));
    b = mix(b, at + 4 === skipOffset ? 0 : view.getInt32(at + 4, true));
    c = mix(c, at + 8 === skipOffset ? 0 : view.getInt32(at + 8, true));
    d = mix(d, at + 12 === skipOffset ? 0 : view.getInt32(at + 12, true));
  }
  let sum = (a ^ length) | 0;
  for (const lane of [b, c, d]) sum = mix(sum, lane);
  sum ^= sum >>> 15;
  return sum >>> 0;
}
