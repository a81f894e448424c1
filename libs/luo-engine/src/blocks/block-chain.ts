import { LuoError, type LuoOperation } from '../errors/luo-error';
import type { HandoverMemory } from '../memory/handover-memory';
import { viewOf } from '../wire/little-endian';
import type { IncomingRecords, OutgoingRecords } from './record-store';

/** Bytes before the records of a block: address of the next block u64, records in this one u64. */
export const BLOCK_HEADER_BYTES = 16;

/** Records of one block: 63 files or 51 sessions per 4 KiB (D1, D10). */
export function recordsPerBlock(pageSizeBytes: number, recordBytes: number): number {
  return Math.floor((pageSizeBytes - BLOCK_HEADER_BYTES) / recordBytes);
}

export interface ChainShape {
  readonly recordBytes: number;
  readonly blocksMax: number;
}

interface Block {
  readonly address: number;
  /** Null until it is written. */
  view: DataView | null;
}

/**
 * A growing chain of one-page blocks, each naming the next (D1). Pages are taken when the chain grows, and looked at when
 * records are written: a page that nobody looks at before the region is laid out costs no memory until then.
 */
export class BlockChain implements OutgoingRecords {
  readonly #blocks: Block[] = [];
  readonly #perBlock: number;
  readonly #recordBytes: number;

  constructor(
    private readonly memory: HandoverMemory,
    private readonly shape: ChainShape,
  ) {
    this.#recordBytes = shape.recordBytes;
    this.#perBlock = recordsPerBlock(memory.pageSizeBytes, shape.recordBytes);
  }

  get address(): number {
    return this.#blocks[0]?.address ?? 0;
  }

  grow(count: number): void {
    const before = this.#blocks.length;
    try {
      while (this.#blocks.length * this.#perBlock < count) this.#append();
    } catch (error) {
      while (this.#blocks.length > before) this.#removeLast();
      throw error;
    }
  }

  shrink(count: number): void {
    while (this.#blocks.length > 0 && count <= (this.#blocks.length - 1) * this.#perBlock) {
      this.#removeLast();
    }
  }

  view(index: number): DataView {
    const block = this.#blocks[Math.floor(index / this.#perBlock)];
    if (block === undefined) throw new RangeError(`slot ${index} was never reserved`);
    return this.#viewOf(block);
  }

  offset(index: number): number {
    return BLOCK_HEADER_BYTES + (index % this.#perBlock) * this.#recordBytes;
  }

  close(count: number): void {
    let left = count;
    this.#blocks.forEach((block, i) => {
      const here = Math.min(left, this.#perBlock);
      const view = this.#viewOf(block);
      view.setBigUint64(0, BigInt(this.#blocks[i + 1]?.address ?? 0), true);
      view.setBigUint64(8, BigInt(here), true);
      left -= here;
    });
  }

  clear(): void {
    for (const { address, view } of this.#blocks) {
      if (view !== null) this.memory.preservedBytes(address).fill(0);
    }
  }

  destroy(): void {
    while (this.#blocks.length > 0) this.#removeLast();
  }

  #append(): void {
    const { blocksMax } = this.shape;
    if (this.#blocks.length >= blocksMax) {
      const most = blocksMax * this.#perBlock;
      throw new LuoError('ENOSPC', 'allocate', {}, `full: ${most} records in ${blocksMax} blocks`);
    }
    const address = this.memory.allocatePreserve(this.memory.pageSizeBytes);
    this.#blocks.push({ address, view: null });
  }

  #removeLast(): void {
    const block = this.#blocks.pop();
    if (block !== undefined) this.memory.unpreserveFree(block.address);
  }

  #viewOf(block: Block): DataView {
    block.view ??= viewOf(this.memory.preservedBytes(block.address));
    return block.view;
  }
}

/**
 * Walks a chain of the previous kernel and checks it: every block is an allocation of one page, none comes
 * twice, none is empty or over-full, and there are not too many (D6).
 * @throws LuoError EINVAL; the blocks that were found are given up
 */
export function restoreChain(
  memory: HandoverMemory,
  shape: ChainShape,
  head: bigint,
  operation: LuoOperation,
): IncomingRecords {
  const perBlock = recordsPerBlock(memory.pageSizeBytes, shape.recordBytes);
  const blocks: { address: number; view: DataView; records: number }[] = [];
  const seen = new Set<bigint>();
  const free = (): void => blocks.splice(0).forEach(({ address }) => memory.restoreFree(address));
  const refuse = (address: bigint, detail: string): never => {
    free();
    throw new LuoError('EINVAL', operation, { address }, detail);
  };
  for (let next = head; next !== 0n;) {
    if (seen.has(next)) refuse(next, 'the chain of blocks is a circle');
    if (blocks.length >= shape.blocksMax) refuse(next, `more than ${shape.blocksMax} blocks`);
    seen.add(next);
    const view = blockAt(memory, next);
    if (view === null) return refuse(next, 'the chain leads to a page that is no block');
    const records = view.getBigUint64(8, true);
    if (records === 0n || records > BigInt(perBlock))
      refuse(next, `a block claims ${records} records`);
    blocks.push({ address: Number(next), view, records: Number(records) });
    next = view.getBigUint64(0, true);
  }
  return {
    count: blocks.reduce((sum, { records }) => sum + records, 0),
    forEach: (visit) => {
      for (const { view, records } of blocks) {
        for (let i = 0, at = BLOCK_HEADER_BYTES; i < records; i++, at += shape.recordBytes) {
          visit(view, at);
        }
      }
    },
    free,
  };
}

function blockAt(memory: HandoverMemory, address: bigint): DataView | null {
  try {
    const bytes = memory.restoredBytes(Number(address));
    return bytes.length === memory.pageSizeBytes ? viewOf(bytes) : null;
  } catch (error) {
    if (error instanceof LuoError) return null;
    throw error;
  }
}
