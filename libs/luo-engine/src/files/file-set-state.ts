import { BlockChain, recordsPerBlock } from '../blocks/block-chain';
import { ContiguousRecords, recordsPerBuffer } from '../blocks/contiguous-records';
import type { IncomingRecords, OutgoingRecords } from '../blocks/record-store';
import { failureOf, LuoError, type LuoOperation, type LuoSubject } from '../errors/luo-error';
import type { ErrnoName } from '../errors/errno';
import { FILE_RECORD_BYTES } from '../wire/file-record';
import { highHalf, lowHalf, splitU64 } from '../wire/little-endian';
import { FileColumns } from './file-columns';
import type { FileEngine } from './file-engine';
import { TokenIndex } from './token-index';

/** A preserve that has ended, as far as the next one needs it. */
export interface IdlePreserving<TFile> {
  start(token: bigint, file: TFile, tokenLow: number, tokenHigh: number): void | Promise<void>;
}

/** What the operations of a file set work on. */
export class FileSetState<TFile> {
  /** In order of preservation. */
  readonly files = new FileColumns<TFile>();
  readonly index = new TokenIndex(this.files);
  /** Usually `files.length`; what the wire said after a failed deserialisation of the seed (B36). */
  count = 0;
  /** Records of the previous kernel, until finished. */
  incoming: IncomingRecords | null = null;
  /** What the last synchronous preserve worked with, for the next one. */
  idlePreserving: IdlePreserving<TFile> | null = null;
  #outgoing: OutgoingRecords | null = null;

  constructor(
    readonly engine: FileEngine<TFile>,
    private readonly session?: string,
  ) {}

  /** Most files the set can hold: 128 (seed) or 630,000 (upstream) with 4 KiB pages (B2, D1). */
  get countMax(): number {
    const { profile, memory } = this.engine;
    if (profile.fileStorage === 'blocks') {
      return profile.blocksMax * recordsPerBlock(memory.pageSizeBytes, FILE_RECORD_BYTES);
    }
    const shape = { recordBytes: FILE_RECORD_BYTES, pages: profile.filePages };
    return recordsPerBuffer(shape, memory.pageSizeBytes);
  }

  /** Room for the records of the next kernel; made with the first file. */
  get outgoing(): OutgoingRecords {
    const { profile, memory } = this.engine;
    this.#outgoing ??=
      profile.fileStorage === 'blocks'
        ? new BlockChain(memory, { recordBytes: FILE_RECORD_BYTES, blocksMax: profile.blocksMax })
        : new ContiguousRecords(memory, {
            recordBytes: FILE_RECORD_BYTES,
            pages: profile.filePages,
          });
    return this.#outgoing;
  }

  /** Row of a token, or -1. @throws LuoError ENOMEM: a search may have to build a table */
  rowOf(operation: 'preserve' | 'retrieve', token: bigint): number {
    splitU64(token);
    try {
      return this.index.find(lowHalf(), highHalf());
    } catch (error) {
      throw failureOf(operation, this.subject({ token }), error);
    }
  }

  /** Makes room for one more file under this token. @throws LuoError ENOMEM; nothing is changed */
  reserveRow(tokenLow: number, tokenHigh: number): void {
    this.files.reserveRow();
    this.index.reserve(tokenLow, tokenHigh);
  }

  subject(rest: LuoSubject): LuoSubject {
    return this.session === undefined ? rest : { session: this.session, ...rest };
  }

  error(code: ErrnoName, operation: LuoOperation, subject: LuoSubject, detail: string): LuoError {
    return new LuoError(code, operation, this.subject(subject), detail);
  }

  warn(operation: LuoOperation, subject: LuoSubject, detail: string): void {
    this.engine.warn({ operation, subject: this.subject(subject), detail });
  }
}
