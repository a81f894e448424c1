// The files that scenarios make, for a system without a kernel: just enough of memfds, and of what is not one.
import { HandlerError } from '@luofleet/luo-engine';
import { seals } from '../memfd';
import type { FileKind } from './operation';

/** What a file is; shared by all that have it open. Content beyond what was written reads as zeros. */
export interface Inode {
  kind: FileKind['kind'];
  /** False while the file has a name in a file system. */
  nameless: boolean;
  content: Buffer;
  size: number;
  seals: number;
  /** Preserved: the size is fixed (S22). */
  sizeFrozen: boolean;
}

/** An open file: an inode and a position. */
export class SimulatedFile {
  constructor(
    readonly inode: Inode,
    public position = 0,
    readonly readOnly = false,
  ) {}

  static make(file: FileKind): SimulatedFile {
    const isMemfd = file.kind === 'memfd';
    const made = new SimulatedFile({
      kind: file.kind,
      nameless: isMemfd || (file.kind === 'tmpfs' && !file.linked),
      content: Buffer.alloc(0),
      size: isMemfd ? file.size : 0,
      seals: 0,
      sizeFrozen: false,
    });
    if ((isMemfd || file.kind === 'tmpfs') && file.text !== undefined) made.write(0, file.text);
    if (isMemfd) made.inode.seals = file.seals ?? (file.sealable === true ? 0 : seals.seal);
    return made;
  }

  read(offset: number, bytes: number): string {
    const { content, size } = this.inode;
    const result = Buffer.alloc(Math.max(0, Math.min(bytes, size - offset)));
    content.copy(result, 0, offset);
    return result.toString('utf8');
  }

  write(offset: number, text: string): void {
    const { inode } = this;
    if (this.readOnly) throw new HandlerError('EBADF', 'opened for reading');
    const end = offset + Buffer.byteLength(text);
    if (end > inode.size) this.#resize(end);
    if (end > inode.content.length) {
      inode.content = Buffer.concat([inode.content, Buffer.alloc(end - inode.content.length)]);
    }
    inode.content.write(text, offset);
  }

  truncate(size: number): void {
    this.#resize(size);
    this.inode.content = this.inode.content.subarray(0, size);
  }

  #resize(size: number): void {
    const { inode } = this;
    const sealed =
      size > inode.size ? (inode.seals & seals.grow) !== 0 : (inode.seals & seals.shrink) !== 0;
    if (inode.sizeFrozen || (sealed && size !== inode.size)) {
      throw new HandlerError('EPERM', 'the size is fixed');
    }
    inode.size = size;
  }
}
