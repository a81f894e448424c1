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
import type { Step } from '../concurrency/step';
import type { FileSetRecord } from '../wire/session-record';
import { deserializeFiles } from './deserialize-files';
import type { FileReport } from './file-columns';
import { FileSetState } from './file-set-state';
import { finishFiles } from './finish-files';
import { freezeFiles, unfreezeFiles } from './freeze-files';
import { preserveFile } from './preserve-file';
import { retrieveFile } from './retrieve-file';
import { unpreserveFiles } from './unpreserve-files';

export class FileSet<TFile> extends FileSetState<TFile> {
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
    this.warn('close', {}, detail);
  }

  /** A report of every file, in order of preservation. */
  report(): FileReport[] {
    return Array.from(this.files, ({ token, compatible, data, retrieveStatus }) => {
      return { token, compatible, data, retrieveStatus };
    });
  }
}
