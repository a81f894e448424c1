/**
 * DOC: record stores
 *
 * Where fixed-size records (files of a set, sessions) are written for the next kernel. Room in the region is reserved when
 * a record is added, long before the reboot, and the region gets its memory before anything is frozen
 * (`HandoverMemory.layOut`). A slot is named by its index; `view(i)` and `offset(i)` say where it lies.
 */
export interface OutgoingRecords {
  /** Address for the next kernel, 0 while nothing is allocated. */
  readonly address: number;
  /** Makes room for `count` records. @throws LuoError ENOSPC or ENOMEM, with nothing changed */
  grow(count: number): void;
  /** Gives back what `count` records do not need. */
  shrink(count: number): void;
  view(index: number): DataView;
  offset(index: number): number;
  /** Notes how many records each page holds, once all are written. */
  close(count: number): void;
  /** Zeroes every record. */
  clear(): void;
  /** Frees every page. */
  destroy(): void;
}

/** Records of the previous kernel, in slot order. */
export interface IncomingRecords {
  /** Records that the store itself claims to hold. */
  readonly count: number;
  /** Calls back for each record. */
  forEach(visit: (view: DataView, offset: number) => void): void;
  /** Gives the pages up. */
  free(): void;
}
