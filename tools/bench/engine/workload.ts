/**
 * What the engine benchmark works on: files with their tokens, and the files that the next runtime finds.
 *
 * The setting says what is measured besides the engine. By default nothing that can be left out: the files bear their own
 * mark, all of them exist before the clock starts and are found by their handle, as descriptors are, and the region lies in
 * a buffer that was there. With `plain` files there is a table of identities; a handler that `makes` them leaves the
 * runtime's garbage collector an object and a bigint for each; on the `heap` the region is new memory each time.
 */
import {
  createHandoverMemory,
  type FileHandler,
  type HandoverMemory,
  handoverMemoryOver,
  PreservableObject,
} from '@luofleet/luo-engine';

export interface Setting {
  readonly files: 'marked' | 'plain';
  readonly retrieve: 'finds' | 'makes';
  readonly memory: 'buffer' | 'heap';
}

export interface BenchFile {
  readonly handle: bigint;
}

class MarkedFile extends PreservableObject implements BenchFile {
  constructor(readonly handle: bigint) {
    super();
  }
}

export interface Workload {
  readonly files: readonly BenchFile[];
  readonly tokens: readonly bigint[];
  /** What the next runtime has behind the same handles. */
  readonly nextFiles: readonly BenchFile[];
}

/**
 * Tokens by position: ascending, as agents, systemd and the kernel's own tests number their files; and spread over the
 * whole u64, as hashed names would be.
 */
const TOKENS = {
  ascending: (position: number) => BigInt(position),
  spread: (position: number) => BigInt.asUintN(64, BigInt(position) * 0x9e37_79b9_7f4a_7c15n),
};
export type TokenOrder = keyof typeof TOKENS;

const BUFFER_BYTES = 72 * 2 ** 20;

/** Files, handler and memory of one setting. */
export class Workshop {
  readonly handler: FileHandler<BenchFile>;
  /** Written once, so that the system has given all its pages. */
  private readonly buffer: Uint8Array | null;
  private nextFiles: readonly BenchFile[] = [];

  constructor(readonly setting: Setting) {
    this.buffer = setting.memory === 'buffer' ? new Uint8Array(BUFFER_BYTES).fill(1) : null;
    const newFile = this.newFile.bind(this);
    this.handler = {
      compatible: 'bench-v1',
      canPreserve: () => true,
      preserve: (file) => file.handle,
      unpreserve: () => undefined,
      freeze: () => undefined,
      retrieve:
        setting.retrieve === 'makes'
          ? ({ data }) => newFile(data)
          : ({ data }) => this.nextFiles[Number(data)] as BenchFile,
      finish: () => undefined,
    };
  }

  /** Empty memory for the next region; whatever was in the buffer is gone. */
  newMemory(): HandoverMemory {
    return this.buffer === null ? createHandoverMemory() : handoverMemoryOver(this.buffer);
  }

  /** From here on handles name the files of this workload. */
  take({ nextFiles }: Workload): void {
    this.nextFiles = nextFiles;
  }

  workload(tokens: readonly bigint[], count = tokens.length): Workload {
    const nextFiles = this.setting.retrieve === 'finds' ? this.newFiles(count) : [];
    return { tokens, files: this.newFiles(count), nextFiles };
  }

  private newFiles(count: number): BenchFile[] {
    return Array.from({ length: count }, (_, i) => this.newFile(BigInt(i)));
  }

  private newFile(handle: bigint): BenchFile {
    return this.setting.files === 'marked' ? new MarkedFile(handle) : { handle };
  }
}

export function tokensOf(count: number, order: TokenOrder): bigint[] {
  return Array.from({ length: count }, (_, i) => TOKENS[order](i + 1));
}
