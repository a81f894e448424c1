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

/** The u64 fields of files by row, in halves; see `little-endian.ts`. */
export interface FileRecordRows {
  dataLowAt(row: number): number;
  dataHighAt(row: number): number;
  tokenLowAt(row: number): number;
  tokenHighAt(row: number): number;
}

/**
 * The compatible field as words, up to the one with the NUL: encoded once for each handler, copied and compared once for
 * each file.
 */
export function compatibleWords(compatible: string): Int32Array {
  const field = encodeField(compatible, COMPATIBLE_BYTES);
  const view = viewOf(field);
  const length = (field.indexOf(0) >> 2) + 1;
  return Int32Array.from({ length }, (_, i) => view.getInt32(i * 4, true));
}

/** Writes one record into zeroed memory. */
export function writeFileRecord(
  view: DataView,
  offset: number,
  compatible: Int32Array,
  rows: FileRecordRows,
  row: number,
): void {
  for (let i = 0; i < compatible.length; i++) {
    view.setInt32(offset + i * 4, compatible[i] as number, true);
  }
  view.setInt32(offset + DATA_OFFSET, rows.dataLowAt(row), true);
  view.setInt32(offset + DATA_OFFSET + 4, rows.dataHighAt(row), true);
  view.setInt32(offset + TOKEN_OFFSET, rows.tokenLowAt(row), true);
  view.setInt32(offset + TOKEN_OFFSET + 4, rows.tokenHighAt(row), true);
}

/** True when the record names exactly this compatible string; the fast way for runs of equal handlers. */
export function hasCompatible(view: DataView, offset: number, words: Int32Array): boolean {
  for (let i = 0; i < words.length; i++) {
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
