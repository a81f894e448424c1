import { allocating } from '../errors/allocation';
import { LuoError } from '../errors/luo-error';
import type { HandoverMemory, HandoverRoot } from './handover-memory';
import { IncomingPages } from './incoming-pages';
import { PageRuns } from './page-runs';
import {
  eraseHeader,
  isPageSize,
  regionPageSize,
  tablePages,
  writeRegion,
  type Allocation,
} from './region-format';

export interface HandoverMemoryOptions {
  /** Region that the previous runtime handed over; absent on a cold boot. */
  readonly incoming?: Uint8Array | undefined;
  /** Power of two from 256 B to 1 MiB; 4096 unless the incoming region says otherwise. */
  readonly pageSizeBytes?: number | undefined;
  /** Most pages of the outgoing region with header and table; 2^20 (4 GiB of 4 KiB pages) unless told. */
  readonly pagesMax?: number | undefined;
}

const PAGE_SIZE_DEFAULT = 4096;
/** Bounds a runaway handler; the largest upstream session needs 10,000 pages. */
const PAGES_MAX_DEFAULT = 2 ** 20;

/** Where outgoing pages live until they are sealed. */
interface Backing {
  /** An allocation was made. */
  allocate(offset: number, sizeBytes: number): void;
  /** Zeroed bytes of an allocation that nobody has looked at so far. */
  bytes(offset: number, sizeBytes: number): Uint8Array;
  /** An allocation was given back. */
  free(): void;
  /** Makes the region in one piece; bytes made from here on lie in it. */
  layOut(sizeBytes: number): void;
  /** The region as one array of `sizeBytes`, every allocation at its address. */
  assemble(sizeBytes: number, pages: Iterable<readonly [number, Uint8Array]>): Uint8Array;
  /** The region is none any more. */
  reopen(region: Uint8Array): void;
}

const CHUNK_BYTES_MAX = 2 ** 20;

/**
 * Bytes are made when somebody looks. Before the region is laid out they are anywhere on the heap, cut from chunks that double
 * up to a megabyte, because an array of its own costs more than a page's records; a chunk lives as long as any of its
 * pages, and none is cut from it twice, so all of them start zeroed. Afterwards they are at their places in the region.
 * What lies elsewhere is brought there when it is assembled.
 *
 * A page keeps the whole region that it lies in, so only the first layout takes pages in: after a reboot that did
 * not happen there would be another region behind each attempt.
 */
function heapBacking(): Backing {
  let chunk = new ArrayBuffer(0);
  let usedBytes = 0;
  let region: Uint8Array | null = null;
  let layouts = 0;
  return {
    allocate: () => undefined,
    bytes: (offset, sizeBytes) => {
      if (region !== null && layouts === 1 && offset + sizeBytes <= region.length) {
        return region.subarray(offset, offset + sizeBytes);
      }
      if (usedBytes + sizeBytes > chunk.byteLength) {
        const doubled = Math.min(chunk.byteLength * 2, CHUNK_BYTES_MAX);
        chunk = new ArrayBuffer(Math.max(sizeBytes, doubled));
        usedBytes = 0;
      }
      const bytes = new Uint8Array(chunk, usedBytes, sizeBytes);
      usedBytes += sizeBytes;
      return bytes;
    },
    free: () => {
      // Its pages may be given out again, and those that were written are no longer zero.
      region = null;
    },
    layOut: (sizeBytes) => {
      region = null;
      region = new Uint8Array(sizeBytes);
      layouts += 1;
    },
    assemble: (sizeBytes, pages) => {
      const whole = region?.length === sizeBytes ? region : new Uint8Array(sizeBytes);
      for (const [address, bytes] of pages) {
        if (bytes.buffer !== whole.buffer) whole.set(bytes, address);
      }
      return whole;
    },
    reopen: (sealed) => {
      eraseHeader(sealed);
      region = null;
    },
  };
}

/** Pages inside the caller's buffer; the header is written last and erased first, so half a region is no region. */
function bufferBacking(buffer: Uint8Array): Backing {
  eraseHeader(buffer);
  const bytes = (offset: number, sizeBytes: number): Uint8Array =>
    buffer.subarray(offset, offset + sizeBytes);
  return {
    allocate: (offset, sizeBytes) => {
      bytes(offset, sizeBytes).fill(0);
    },
    bytes,
    free: () => undefined,
    layOut: () => undefined,
    assemble: (sizeBytes) => buffer.subarray(0, sizeBytes),
    reopen: eraseHeader,
  };
}

class PagedMemory implements HandoverMemory {
  readonly #runs = new PageRuns();
  /** Pages by address. */
  readonly #allocations = new Map<number, number>();
  /** Bytes by address, of allocations that have some. */
  readonly #bytes = new Map<number, Uint8Array>();
  readonly #restored: IncomingPages | null;
  #preservedSizeBytes = 0;
  #sealed: Uint8Array | null = null;

  constructor(
    readonly pageSizeBytes: number,
    private readonly pagesMax: number,
    private readonly backing: Backing,
    incoming: Uint8Array | undefined,
  ) {
    this.#restored = incoming === undefined ? null : new IncomingPages(incoming, pageSizeBytes);
  }

  get incoming(): HandoverRoot | null {
    return this.#restored?.root ?? null;
  }

  get preservedSizeBytes(): number {
    return this.#preservedSizeBytes;
  }

  get restorableCount(): number {
    return this.#restored?.count ?? 0;
  }

  allocatePreserve(sizeBytes: number): number {
    this.#requireOpen('allocate');
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
      throw new LuoError('EINVAL', 'allocate', {}, `${sizeBytes} is not a size in bytes`);
    }
    const pages = Math.ceil(sizeBytes / this.pageSizeBytes);
    const table = tablePages(this.#allocations.size + 1, this.pageSizeBytes);
    const firstPage = this.#runs.take(pages, this.pagesMax - table);
    if (firstPage === null) {
      const detail = `no room for ${pages} pages in ${this.pagesMax}; preserve less or give the region more pages`;
      throw new LuoError('ENOMEM', 'allocate', {}, detail);
    }
    const address = firstPage * this.pageSizeBytes;
    const size = pages * this.pageSizeBytes;
    this.backing.allocate(address, size);
    this.#allocations.set(address, pages);
    this.#preservedSizeBytes += size;
    return address;
  }

  preservedBytes(address: number): Uint8Array {
    const known = this.#bytes.get(address);
    if (known !== undefined) return known;
    const pages = this.#allocations.get(address);
    if (pages === undefined) {
      throw new LuoError('EINVAL', 'allocate', subjectOf(address), 'nothing is preserved there');
    }
    const sizeBytes = pages * this.pageSizeBytes;
    const bytes = allocating(`${sizeBytes} bytes to hand over`, () =>
      this.backing.bytes(address, sizeBytes),
    );
    this.#bytes.set(address, bytes);
    return bytes;
  }

  unpreserveFree(address: number): void {
    this.#requireOpen('free');
    const pages = this.#allocations.get(address);
    if (pages === undefined) {
      throw new LuoError(
        'EINVAL',
        'free',
        subjectOf(address),
        'nothing is preserved there (freed twice?)',
      );
    }
    this.#allocations.delete(address);
    this.#bytes.delete(address);
    this.backing.free();
    this.#preservedSizeBytes -= pages * this.pageSizeBytes;
    this.#runs.release({ firstPage: address / this.pageSizeBytes, pages });
  }

  restoredBytes(address: number): Uint8Array {
    if (this.#restored === null) {
      throw new LuoError('EINVAL', 'deserialize', subjectOf(address), 'nothing was handed over');
    }
    return this.#restored.bytes(address);
  }

  restoreFree(address: number): void {
    if (this.#restored === null) {
      throw new LuoError('EINVAL', 'free', subjectOf(address), 'nothing was handed over');
    }
    this.#restored.free(address);
  }

  layOut(): void {
    this.#requireOpen('seal');
    const { sizeBytes } = this.#extent();
    allocating(`${sizeBytes} bytes to hand over`, () => this.backing.layOut(sizeBytes));
  }

  seal(root: HandoverRoot): Uint8Array {
    this.#requireOpen('seal');
    const { tableAddress, sizeBytes } = this.#extent();
    const region = allocating(`${sizeBytes} bytes to hand over`, () =>
      this.backing.assemble(sizeBytes, this.#bytes),
    );
    const allocations = [...this.#allocations]
      .map(([address, pages]): Allocation => ({ firstPage: address / this.pageSizeBytes, pages }))
      .sort((a, b) => a.firstPage - b.firstPage);
    writeRegion(region, this.pageSizeBytes, tableAddress, { root, allocations });
    this.#sealed = region;
    return region;
  }

  unseal(): void {
    if (this.#sealed === null) {
      throw new LuoError('EINVAL', 'seal', {}, 'the region is not sealed');
    }
    this.backing.reopen(this.#sealed);
    this.#sealed = null;
  }

  /** The table follows the last page in use, and ends the region. */
  #extent(): { tableAddress: number; sizeBytes: number } {
    const tableAddress = this.#runs.end * this.pageSizeBytes;
    const table = tablePages(this.#allocations.size, this.pageSizeBytes) * this.pageSizeBytes;
    return { tableAddress, sizeBytes: tableAddress + table };
  }

  #requireOpen(operation: 'allocate' | 'free' | 'seal'): void {
    if (this.#sealed === null) return;
    throw new LuoError(
      'EBUSY',
      operation,
      {},
      'the region is sealed for the reboot; unfreeze first',
    );
  }
}

function subjectOf(address: number): { address?: bigint } {
  return Number.isSafeInteger(address) && address >= 0 ? { address: BigInt(address) } : {};
}

function pageSizeFor({ incoming, pageSizeBytes }: HandoverMemoryOptions): number {
  const named = incoming === undefined ? null : regionPageSize(incoming);
  const size = pageSizeBytes ?? named ?? PAGE_SIZE_DEFAULT;
  if (!isPageSize(size)) {
    throw new LuoError(
      'EINVAL',
      'boot',
      {},
      `${size} bytes is no page size; take a power of two from 256`,
    );
  }
  return size;
}

/**
 * Handover memory on the heap. What `seal` returns is an array of its own, in which pages lie that are still in use until the
 * reboot: nobody may write or transfer it before.
 */
export function createHandoverMemory(options: HandoverMemoryOptions = {}): HandoverMemory {
  const { pagesMax = PAGES_MAX_DEFAULT, incoming } = options;
  return new PagedMemory(pageSizeFor(options), pagesMax, heapBacking(), incoming);
}

/**
 * Handover memory inside a buffer of the caller, for example a mapping that outlives the process. Fixed size:
 * full is ENOMEM. `seal` returns the used front part of that buffer, not a copy. The buffer must not be the
 * incoming region itself: its pages are still being read.
 */
export function handoverMemoryOver(
  buffer: Uint8Array,
  options: Omit<HandoverMemoryOptions, 'pagesMax'> = {},
): HandoverMemory {
  const pageSizeBytes = pageSizeFor(options);
  const pagesMax = Math.floor(buffer.length / pageSizeBytes);
  if (pagesMax < 1) {
    const detail = `a buffer of ${buffer.length} bytes holds no page of ${pageSizeBytes}`;
    throw new LuoError('EINVAL', 'boot', {}, detail);
  }
  const { incoming } = options;
  return new PagedMemory(pageSizeBytes, pagesMax, bufferBacking(buffer), incoming);
}
