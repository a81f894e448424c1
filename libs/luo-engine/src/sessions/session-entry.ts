import { OperationLock } from '../concurrency/operation-lock';
import type { LuoSubject } from '../errors/luo-error';
import type { FileEngine } from '../files/file-engine';
import { FileSet } from '../files/file-set';
import type { SessionDirection } from './live-update';

/** One session in its list, whether or not anybody holds a handle of it. */
export class SessionEntry<TFile> {
  readonly files: FileSet<TFile>;
  /** One operation at a time on a session, in the order asked. */
  readonly lock = new OperationLock();
  readonly subject: LuoSubject;
  /** Incoming only: its one handle was given out (S10). */
  retrieved = false;

  constructor(
    readonly name: string,
    readonly direction: SessionDirection,
    engine: FileEngine<TFile>,
  ) {
    this.subject = { session: name };
    this.files = new FileSet(engine, name);
  }
}

/** What can be said of a session from outside. */
export interface SessionReport {
  readonly name: string;
  readonly direction: SessionDirection;
  readonly retrieved: boolean;
  readonly fileCount: number;
}
