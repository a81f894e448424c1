/** u64 values (tokens, data handles) cross process borders as text, because JSON numbers are not exact. */
export const U64_PATTERN = /^0x[0-9a-f]{1,16}$/;

/** `0x1f` for 31n. */
export function formatU64(value: bigint): string {
  return `0x${value.toString(16)}`;
}
