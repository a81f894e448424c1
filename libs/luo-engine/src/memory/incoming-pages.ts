import { LuoError } from '../errors/luo-error';
import type { HandoverRoot } from './handover-memory';
import { readRegion } from './region-format';

/** The incoming half: pages of a checked region, each given up exactly once. */
export class IncomingPages {
  readonly root: HandoverRoot;
  /** Size in bytes by address. */
  readonly #sizes = new Map<number, number>();

  /** @throws LuoError when the region cannot be trusted */
  constructor(
    private readonly region: Uint8Array,
    pageSizeBytes: number,
  ) {
    const { root, allocations } = readRegion(region, pageSizeBytes);
    this.root = root;
    for (const { firstPage, pages } of allocations) {
      this.#sizes.set(firstPage * pageSizeBytes, pages * pageSizeBytes);
    }
  }

  get count(): number {
    return this.#sizes.size;
  }

  bytes(address: number): Uint8Array {
    return this.region.subarray(address, address + this.#sizeAt(address, 'deserialize'));
  }

  free(address: number): void {
    this.#sizeAt(address, 'free');
    this.#sizes.delete(address);
  }

  #sizeAt(address: number, operation: 'deserialize' | 'free'): number {
    const size = this.#sizes.get(address);
    if (size !== undefined) return size;
    const subject =
      Number.isSafeInteger(address) && address >= 0 ? { address: BigInt(address) } : {};
    throw new LuoError(
      'EINVAL',
      operation,
      subject,
      'no preserved pages are there (given up twice?)',
    );
  }
}
