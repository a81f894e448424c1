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
  readonly view: DataView;
}

/** A growing chain of one-page blocks, each naming the next (D1). */
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
    return block.view;
  }

  offset(index: number): number {
    return BLOCK_HEADER_BYTES + (index % this.#perBlock) * this.#recordBytes;
  }

  close(count: number): void {
    let left = count;
    for (const { view } of this.#blocks) {
      const here = Math.min(left, this.#perBlock);
      view.setBigUint64(8, BigInt(here), true);
      left -= here;
    }
  }

  clear(): void {
    for (const { address, view } of this.#blocks) {
      view.setBigUint64(8, 0n, true);
      this.memory.preservedBytes(address).fill(0, BLOCK_HEADER_BYTES);
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
    const last = this.#blocks[this.#blocks.length - 1];
    this.#blocks.push({ address, view: viewOf(this.memory.preservedBytes(address)) });
    last?.view.setBigUint64(0, BigInt(address), true);
  }

  #removeLast(): void {
    const block = this.#blocks.pop();
    if (block === undefined) return;
    this.memory.unpreserveFree(block.address);
    this.#blocks[this.#blocks.length - 1]?.view.setBigUint64(0, 0n, true);
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
  const blocks: (Block & { records: number })[] = [];
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
