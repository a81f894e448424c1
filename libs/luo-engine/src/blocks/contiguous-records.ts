import { LuoError } from '../errors/luo-error';
import type { HandoverMemory } from '../memory/handover-memory';
import { viewOf } from '../wire/little-endian';
import type { IncomingRecords, OutgoingRecords } from './record-store';

export interface BufferShape {
  readonly recordBytes: number;
  readonly pages: number;
}

/** Records that fit the buffer: 128 files for two pages of 4 KiB (B2). */
export function recordsPerBuffer(
  { recordBytes, pages }: BufferShape,
  pageSizeBytes: number,
): number {
  return Math.floor((pages * pageSizeBytes) / recordBytes);
}

/** The seed's single buffer of a few pages, allocated with the first record and freed with the last (B1). */
export class ContiguousRecords implements OutgoingRecords {
  #address = 0;
  #view: DataView | null = null;

  constructor(
    private readonly memory: HandoverMemory,
    private readonly shape: BufferShape,
  ) {}

  get address(): number {
    return this.#address;
  }

  grow(count: number): void {
    if (this.#address !== 0 || count === 0) return;
    const address = this.memory.allocatePreserve(this.shape.pages * this.memory.pageSizeBytes);
    this.#view = viewOf(this.memory.preservedBytes(address));
    this.#address = address;
  }

  shrink(count: number): void {
    if (count === 0) this.destroy();
  }

  view(index: number): DataView {
    if (this.#view === null) throw new RangeError(`slot ${index} was never reserved`);
    return this.#view;
  }

  offset(index: number): number {
    return index * this.shape.recordBytes;
  }

  close(): void {
    // The count travels beside the address; the buffer has no header.
  }

  clear(): void {
    if (this.#address !== 0) this.memory.preservedBytes(this.#address).fill(0);
  }

  destroy(): void {
    if (this.#address === 0) return;
    this.memory.unpreserveFree(this.#address);
    this.#address = 0;
    this.#view = null;
  }
}

/**
 * The previous kernel's buffer. The count is the wire's and unbounded (B36); reading stops with EINVAL at the end
 * of the pages, where the seed would have read on.
 */
export function restoreBuffer(
  memory: HandoverMemory,
  shape: BufferShape,
  address: bigint,
  count: number,
): IncomingRecords {
  const bytes = memory.restoredBytes(Number(address));
  const view = viewOf(bytes);
  return {
    count,
    forEach: (visit) => {
      for (let i = 0, at = 0; i < count; i++, at += shape.recordBytes) {
        if (at + shape.recordBytes > bytes.length) {
          const detail = `${count} records are claimed, ${i} fit`;
          throw new LuoError('EINVAL', 'deserialize', { address }, detail);
        }
        visit(view, at);
      }
    },
    free: () => memory.restoreFree(Number(address)),
  };
}
