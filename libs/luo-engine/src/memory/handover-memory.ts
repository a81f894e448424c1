/**
 * DOC: handover memory
 *
 * The pages that outlive the reboot; the kernel's KHO. Two halves that never mix:
 *
 * - outgoing: `allocatePreserve` hands out zeroed pages, `unpreserveFree` takes them back. `layOut` makes the region, `seal`
 *   closes it for the reboot and `unseal` opens it again when the reboot did not happen.
 * - incoming: `restoredBytes` shows pages that the previous kernel preserved, `restoreFree` gives them up.
 *
 * Addresses are byte offsets in the region, so they mean the same before and after; 0 is "none", as page 0
 * holds the header. Freeing twice, or freeing what was never allocated, is EINVAL and never ignored.
 *
 * Unhappy paths: no room is ENOMEM. A region that is torn, foreign, of another version or of another page size
 * is refused whole when the memory is created (EBADMSG, EPROTO, EINVAL); nothing of it is ever guessed.
 */

/** Root of the handed-over state: the kernel's `struct luo_ser` without its version string. */
export interface HandoverRoot {
  /** How many live updates led here; 1 for the first (S21). */
  readonly liveUpdateNumber: bigint;
  /** Address of the first session block, 0 for no sessions. */
  readonly sessionsAddress: bigint;
  /** Address of the shared-object page, 0 for none. */
  readonly sharedObjectsAddress: bigint;
}

/** Memory that survives the reboot. Every method is synchronous. */
export interface HandoverMemory {
  readonly pageSizeBytes: number;
  /** What the previous kernel handed over; null on a cold boot (S6). */
  readonly incoming: HandoverRoot | null;
  /** Bytes of outgoing pages in use. */
  readonly preservedSizeBytes: number;
  /** Incoming allocations not yet given up. */
  readonly restorableCount: number;

  /**
   * Reserves zeroed pages, at least `sizeBytes` of them.
   * @returns their address, a multiple of the page size, never 0
   * @throws LuoError ENOMEM when the region is full, EINVAL for a size that is not a positive integer
   */
  allocatePreserve(sizeBytes: number): number;
  /** The outgoing pages at an address, for reading and writing. @throws LuoError EINVAL; ENOMEM at the first look */
  preservedBytes(address: number): Uint8Array;
  /** Gives outgoing pages back; they will not be handed over. @throws LuoError EINVAL */
  unpreserveFree(address: number): void;
  /** The incoming pages at exactly this address. @throws LuoError EINVAL for any other address */
  restoredBytes(address: number): Uint8Array;
  /** Gives incoming pages up. @throws LuoError EINVAL, also the second time */
  restoreFree(address: number): void;
  /**
   * Gets memory for the region as it would be sealed now, in one piece, so that what is written from here on need not
   * be copied. Called before anything is frozen: lack of memory shows while nothing has happened yet, unless
   * handlers allocate or free while they freeze. Not needed for `seal`.
   * @throws LuoError ENOMEM; EBUSY while sealed
   */
  layOut(): void;
  /**
   * Closes the outgoing half and returns the whole region: header, pages, allocation table. Until `unseal`
   * nothing can be allocated or freed; after it this array is no region any more. Pages still in use lie in it: it is to be
   * read, not written, and not transferred.
   * @throws LuoError ENOMEM
   */
  seal(root: HandoverRoot): Uint8Array;
  /** Reopens a sealed region after a reboot that did not happen. */
  unseal(): void;
}
