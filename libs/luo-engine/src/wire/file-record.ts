/**
 * DOC: `struct luo_file_ser`, 64 bytes, little endian, packed (B3)
 *
 *      0  compatible[48]  NUL-terminated, cut to 47 bytes
 *     48  data u64        the handler's handle
 *     56  token u64       the user's name of the file
 */
import { decodeField, encodeField } from './c-string';
import { viewOf } from './little-endian';

export const FILE_RECORD_BYTES = 64;
export const COMPATIBLE_BYTES = 48;
const DATA_OFFSET = 48;
const TOKEN_OFFSET = 56;
const WORDS = COMPATIBLE_BYTES / 4;

/** A file's u64 fields in halves; see `little-endian.ts`. */
export interface FileRecordFields {
  readonly dataLow: number;
  readonly dataHigh: number;
  readonly tokenLow: number;
  readonly tokenHigh: number;
}

/** The compatible field as twelve words: encoded once for each handler, copied once for each file. */
export function compatibleWords(compatible: string): Int32Array {
  const view = viewOf(encodeField(compatible, COMPATIBLE_BYTES));
  return Int32Array.from({ length: WORDS }, (_, i) => view.getInt32(i * 4, true));
}

/** Writes one record. */
export function writeFileRecord(
  view: DataView,
  offset: number,
  words: Int32Array,
  fields: FileRecordFields,
): void {
  for (let i = 0; i < WORDS; i++) view.setInt32(offset + i * 4, words[i] as number, true);
  view.setInt32(offset + DATA_OFFSET, fields.dataLow, true);
  view.setInt32(offset + DATA_OFFSET + 4, fields.dataHigh, true);
  view.setInt32(offset + TOKEN_OFFSET, fields.tokenLow, true);
  view.setInt32(offset + TOKEN_OFFSET + 4, fields.tokenHigh, true);
}

/** True when the record names exactly this compatible string; the fast way for runs of equal handlers. */
export function hasCompatible(view: DataView, offset: number, words: Int32Array): boolean {
  for (let i = 0; i < WORDS; i++) {
    if (view.getInt32(offset + i * 4, true) !== words[i]) return false;
  }
  return true;
}

/** The compatible string, or null when it is not terminated. */
export function readCompatible(view: DataView, offset: number): string | null {
  return decodeField(view, offset, COMPATIBLE_BYTES);
}

export function readDataLow(view: DataView, offset: number): number {
  return view.getInt32(offset + DATA_OFFSET, true);
}
export function readDataHigh(view: DataView, offset: number): number {
  return view.getInt32(offset + DATA_OFFSET + 4, true);
}
export function readTokenLow(view: DataView, offset: number): number {
  return view.getInt32(offset + TOKEN_OFFSET, true);
}
export function readTokenHigh(view: DataView, offset: number): number {
  return view.getInt32(offset + TOKEN_OFFSET + 4, true);
}
