import {
  HandlerError,
  type FileHandler,
  type FinishingFile,
  type IncomingFile,
  type OutgoingFile,
} from '@luofleet/luo-engine';
import { SimulatedFile } from './simulated-files';

const PAGE_BYTES = 4096;
const PAGES_MAX = 2 ** 32 - 1;

/** Memory that outlives a reboot, and what of it may be used. */
export interface SimulatedMemory {
  /** Preserved inodes with the position at the freeze, by address. */
  readonly preserved: Map<bigint, { file: SimulatedFile; position: number }>;
  /** Most bytes a file may have to be preserved. */
  readonly preservableBytes: number;
  /** Most bytes that may be charged to who retrieves; Infinity when not limited. */
  chargeableBytes: number;
}

/** The kernel's memfd handler (S22), over simulated files. Pages stay where they are; only their address travels. */
export class SimulatedMemfdHandler implements FileHandler<unknown> {
  readonly compatible = 'memfd-v2';
  static #nextAddress = 1n;

  constructor(private readonly memory: SimulatedMemory) {}

  canPreserve(file: unknown): boolean {
    if (!(file instanceof SimulatedFile)) return false;
    const { kind, nameless } = file.inode;
    return (kind === 'memfd' || kind === 'tmpfs') && nameless;
  }

  getId(file: unknown): unknown {
    return (file as SimulatedFile).inode;
  }

  preserve(file: unknown): bigint {
    const { inode } = file as SimulatedFile;
    if (Math.ceil(inode.size / PAGE_BYTES) > PAGES_MAX) throw new HandlerError('EFBIG');
    if (inode.size > this.memory.preservableBytes) throw new HandlerError('ENOMEM');
    inode.sizeFrozen = true;
    const address = SimulatedMemfdHandler.#nextAddress++ * BigInt(PAGE_BYTES);
    this.memory.preserved.set(address, { file: file as SimulatedFile, position: 0 });
    return address;
  }

  unpreserve({ file, data }: OutgoingFile<unknown>): void {
    (file as SimulatedFile).inode.sizeFrozen = false;
    this.memory.preserved.delete(data);
  }

  freeze({ file, data }: OutgoingFile<unknown>): void {
    const entry = this.memory.preserved.get(data);
    if (entry === undefined) throw new HandlerError('EINVAL', 'preserved nowhere');
    entry.position = (file as SimulatedFile).position;
  }

  retrieve({ data }: IncomingFile): SimulatedFile {
    const entry = this.memory.preserved.get(data);
    if (entry === undefined) throw new HandlerError('EINVAL', 'nothing at that address');
    this.memory.preserved.delete(data);
    const { inode } = entry.file;
    if (inode.size > this.memory.chargeableBytes) throw new HandlerError('ENOMEM');
    const restored = { ...inode, kind: 'memfd', nameless: true, sizeFrozen: false } as const;
    return new SimulatedFile(restored, entry.position);
  }

  finish({ data, retrieveStatus }: FinishingFile<unknown>): void {
    if (retrieveStatus === 0) this.memory.preserved.delete(data);
  }
}
