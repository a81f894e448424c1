/**
 * DOC: the shared-object page, `struct luo_flb_header_ser` and `struct luo_flb_ser`, little endian, packed (S23)
 *
 *      0  pages u64 (1)    16 + 64 i  name[48]  NUL-terminated
 *      8  count u64                   data u64  the object's handle
 *                                     count u64 files that depend on it
 */
import { decodeField, encodeField } from './c-string';

const HEADER_BYTES = 16;
const RECORD_BYTES = 64;
const NAME_BYTES = 48;

/** Objects that one page holds: 63 per 4 KiB. */
export function sharedObjectsPerPage(pageSizeBytes: number): number {
  return Math.floor((pageSizeBytes - HEADER_BYTES) / RECORD_BYTES);
}

export interface SharedObjectRecord {
  readonly name: string;
  readonly data: bigint;
  readonly count: bigint;
}

export function writeSharedObjects(view: DataView, records: readonly SharedObjectRecord[]): void {
  view.setBigUint64(0, 1n, true);
  view.setBigUint64(8, BigInt(records.length), true);
  records.forEach(({ name, data, count }, i) => {
    const at = HEADER_BYTES + i * RECORD_BYTES;
    encodeField(name, NAME_BYTES).forEach((byte, j) => view.setUint8(at + j, byte));
    view.setBigUint64(at + NAME_BYTES, data, true);
    view.setBigUint64(at + NAME_BYTES + 8, count, true);
  });
}

/** The records of a page, or what is wrong with it. */
export function readSharedObjects(view: DataView): SharedObjectRecord[] | string {
  const claimed = view.getBigUint64(8, true);
  const most = sharedObjectsPerPage(view.byteLength);
  if (claimed > BigInt(most)) return `${claimed} shared objects are claimed, ${most} fit`;
  const records: SharedObjectRecord[] = [];
  for (let i = 0; i < Number(claimed); i++) {
    const at = HEADER_BYTES + i * RECORD_BYTES;
    const name = decodeField(view, at, NAME_BYTES);
    if (name === null) return 'the name of a shared object is not terminated';
    const data = view.getBigUint64(at + NAME_BYTES, true);
    records.push({ name, data, count: view.getBigUint64(at + NAME_BYTES + 8, true) });
  }
  return records;
}
