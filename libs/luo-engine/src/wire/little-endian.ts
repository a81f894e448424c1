/**
 * u64 values travel as two signed 32-bit halves wherever one per file is kept: halves are small integers,
 * while a bigint per token and handle would be a heap object each.
 */
const whole = new BigUint64Array(1);
const halves = new Int32Array(whole.buffer);

/** The runtime's own byte order. */
export const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const LOW = IS_LITTLE_ENDIAN ? 0 : 1;
const HIGH = 1 - LOW;

const U64_MAX = 2n ** 64n - 1n;

/** True for a bigint that fits an unsigned 64-bit field. */
export function isU64(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 0n && value <= U64_MAX;
}

/** Splits a u64 for {@link lowHalf} and {@link highHalf}, which belong to the last split. */
export function splitU64(value: bigint): void {
  whole[0] = value;
}

/** Low 32 bits of the last split, signed. */
export function lowHalf(): number {
  return halves[LOW] as number;
}

/** High 32 bits of the last split, signed. */
export function highHalf(): number {
  return halves[HIGH] as number;
}

/** Joins two halves into the u64 they came from. */
export function joinU64(low: number, high: number): bigint {
  halves[LOW] = low;
  halves[HIGH] = high;
  return whole[0] as bigint;
}

/** DataView over exactly the bytes of an array. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
