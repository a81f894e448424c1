/**
 * DOC: file sets
 *
 * An ordered set of preserved files, found by token. It owns no session state (B1).
 *
 * Happy path before the reboot: `preserve` each file (FIFO), `freeze` all. After it: `deserialize`, `retrieve` in
 * any order, `finish` all. Unhappy paths: `unpreserveAll` when the session is closed before the reboot;
 * a failed freeze unfreezes the files before it and leaves the rest alone; `unfreeze` undoes a whole
 * freeze; a vetoed finish changes nothing.
 *
 * Order (B50): preserve, freeze, unfreeze, deserialize and canFinish go FIFO, unpreserve and finish LIFO.
 *
 * A set does no locking: whoever owns it runs one operation at a time. Operations but preserve and retrieve are steps; see `drive`.
 */
import { BlockChain, recordsPerBlock } from '../blocks/block-chain';
import { ContiguousRecords, recordsPerBuffer } from '../blocks/contiguous-records';
import type { IncomingRecords, OutgoingRecords } from '../blocks/record-store';
import type { Step } from '../concurrency/step';
import { failureOf, LuoError, type LuoOperation, type LuoSubject } from '../errors/luo-error';
import type { ErrnoName } from '../errors/errno';
import { FILE_RECORD_BYTES } from '../wire/file-record';
import { highHalf, lowHalf, splitU64 } from '../wire/little-endian';
import type { FileSetRecord } from '../wire/session-record';
import { deserializeFiles } from './deserialize-files';
import { FileColumns } from './file-columns';
import type { FileEngine } from './file-engine';
import { finishFiles } from './finish-files';
import { freezeFiles, unfreezeFiles } from './freeze-files';
import type { FileReport } from './luo-file';
import { preserveFile, type Preserving } from './preserve-file';
import { retrieveFile } from './retrieve-file';
import { TokenIndex } from './token-index';
import { unpreserveFiles } from './unpreserve-files';

export class FileSet<TFile> {
  /** In order of preservation. */
  readonly files = new FileColumns<TFile>();
  readonly index = new TokenIndex(this.files);
  /** Usually `files.length`; what the wire said after a failed deserialisation of the seed (B36). */
  count = 0;
  /** Records of the previous kernel, until finished. */
  incoming: IncomingRecords | null = null;
  /** What the last synchronous preserve worked with, for the next one. */
  idlePreserving: Preserving<TFile> | null = null;
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

  /**
   * Preserves a file under a token that is free in this set (B5, B14-B21).
   * @throws LuoError upstream: EEXIST, ENOSPC or ENOMEM, EBADF, ENOENT, EBUSY, a shared object's, the
   * handler's (D4); seed: EEXIST, ENOSPC, EBADF, ENOMEM, ENOENT, the handler's (B14). Nothing is changed then.
   */
  preserve(token: bigint, file: TFile): void | Promise<void> {
    return preserveFile(this, token, file);
  }

  /** Gives every file back to its owner, last first (B22). */
  unpreserveAll(): Step<void> {
    return unpreserveFiles(this);
  }

  /**
   * Freezes every file and writes its record (B23-B29). `out` is written only when all succeeded, and not at all
   * for an empty set.
   * @throws LuoError the handler's; files before it are unfrozen again, the records are zero
   */
  freeze(out: FileSetRecord): Step<void> {
    return freezeFiles(this, out);
  }

  /** Undoes a whole freeze and zeroes `out`; nothing for an empty set (B31). */
  unfreeze(out: FileSetRecord): Step<void> {
    return unfreezeFiles(this, out);
  }

  /**
   * Takes over the files of the previous kernel (B32-B36, D6).
   * @throws LuoError ENOENT (no such handler, or its owner is going away), EINVAL (malformed records)
   */
  deserialize(record: Readonly<FileSetRecord>): void {
    deserializeFiles(this, record);
  }

  /**
   * The file behind a token; asked again it is the same object (B38-B42).
   * @throws LuoError EINVAL for what is no u64, ENOMEM for a search, ENOENT for an unknown token, EBADF for what is no
   * valid file, otherwise the handler's
   */
  retrieve(token: bigint): TFile | Promise<TFile> {
    return retrieveFile(this, token);
  }

  /** Ends the life of every file here, retrieved or not (B43-B49). @throws LuoError EBUSY on a veto */
  finish(): Step<void> {
    return finishFiles(this);
  }

  /** Warns when something is left (B49). */
  destroy(): void {
    if (this.count === 0 && this.files.length === 0) return;
    const detail = `the set still counts ${this.count} files and lists ${this.files.length}`;
    this.engine.warn({ operation: 'close', subject: this.subject({}), detail });
  }

  /** A report of every file, in order of preservation. */
  report(): FileReport[] {
    return Array.from(this.files, ({ token, compatible, data, retrieveStatus }) => {
      return { token, compatible, data, retrieveStatus };
    });
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
}
