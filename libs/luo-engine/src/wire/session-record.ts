/**
 * DOC: `struct luo_session_ser`, 80 bytes, little endian, packed
 *
 *      0  name[64]   NUL-terminated
 *     64  files u64  address of the first file block (or the seed's buffer), 0 for none (B4)
 *     72  count u64  files
 */
import { decodeField, encodeField } from './c-string';

export const SESSION_RECORD_BYTES = 80;
export const SESSION_NAME_BYTES = 64;

/** `struct luo_file_set_ser`: where a set's records lie. Zero and zero for an empty set (B4). */
export interface FileSetRecord {
  files: bigint;
  count: bigint;
}

export interface SessionRecord {
  /** Null when the field is not terminated. */
  readonly name: string | null;
  readonly fileSet: FileSetRecord;
}

export function writeSessionRecord(
  view: DataView,
  offset: number,
  name: string,
  fileSet: FileSetRecord,
): void {
  const field = encodeField(name, SESSION_NAME_BYTES);
  for (let i = 0; i < SESSION_NAME_BYTES; i++) view.setUint8(offset + i, field[i] as number);
  view.setBigUint64(offset + 64, fileSet.files, true);
  view.setBigUint64(offset + 72, fileSet.count, true);
}

export function readSessionRecord(view: DataView, offset: number): SessionRecord {
  return {
    name: decodeField(view, offset, SESSION_NAME_BYTES),
    fileSet: {
      files: view.getBigUint64(offset + 64, true),
      count: view.getBigUint64(offset + 72, true),
    },
  };
}
