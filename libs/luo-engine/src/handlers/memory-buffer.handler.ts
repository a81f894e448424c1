import { HandlerError } from '../errors/errno';
import { PreservableObject } from '../files/preservable-object';
import type { HandoverMemory } from '../memory/handover-memory';
import { viewOf } from '../wire/little-endian';
import type { FileHandler, FinishingFile, IncomingFile, OutgoingFile } from './file-handler';

/** A piece of memory that can be carried over. Its size may not change while it is preserved. */
export class MemoryBuffer extends PreservableObject {
  constructor(public bytes: Uint8Array) {
    super();
  }
}

/** Bytes before the content: its size as u64. */
const PREFIX_BYTES = 8;

/**
 * Carries {@link MemoryBuffer}s in the handover memory. Room is taken at preserve; the content is copied at
 * freeze, so it may change until then, but its size may not (EINVAL). The handle is the address of the copy.
 * Retrieved or not, the copy is given up once: by retrieve, or by finish for a buffer nobody asked for.
 */
export class MemoryBufferHandler implements FileHandler<MemoryBuffer> {
  static readonly compatible = 'memory-buffer-v1';
  readonly compatible = MemoryBufferHandler.compatible;

  constructor(private readonly memory: HandoverMemory) {}

  canPreserve(file: unknown): boolean {
    return file instanceof MemoryBuffer;
  }

  preserve({ bytes }: MemoryBuffer): bigint {
    const address = this.memory.allocatePreserve(PREFIX_BYTES + bytes.length);
    try {
      viewOf(this.memory.preservedBytes(address)).setBigUint64(0, BigInt(bytes.length), true);
    } catch (error) {
      this.memory.unpreserveFree(address);
      throw error;
    }
    return BigInt(address);
  }

  unpreserve({ data }: OutgoingFile<MemoryBuffer>): void {
    this.memory.unpreserveFree(Number(data));
  }

  freeze({ file, data }: OutgoingFile<MemoryBuffer>): void {
    const copy = this.memory.preservedBytes(Number(data));
    const size = viewOf(copy).getBigUint64(0, true);
    if (size !== BigInt(file.bytes.length)) {
      throw new HandlerError(
        'EINVAL',
        `the buffer had ${size} bytes and now has ${file.bytes.length}`,
      );
    }
    copy.set(file.bytes, PREFIX_BYTES);
  }

  retrieve({ data }: IncomingFile): MemoryBuffer {
    const copy = this.memory.restoredBytes(Number(data));
    const size = viewOf(copy).getBigUint64(0, true);
    this.memory.restoreFree(Number(data));
    if (size > BigInt(copy.length - PREFIX_BYTES)) {
      throw new HandlerError('EINVAL', `the handed-over buffer claims ${size} bytes`);
    }
    return new MemoryBuffer(copy.slice(PREFIX_BYTES, PREFIX_BYTES + Number(size)));
  }

  finish({ data, retrieveStatus }: FinishingFile<MemoryBuffer>): void {
    if (retrieveStatus === 0) this.memory.restoreFree(Number(data));
  }
}
