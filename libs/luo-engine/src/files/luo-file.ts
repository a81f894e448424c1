import type { LuoSubject } from '../errors/luo-error';
import type { OutgoingFile, RetrieveStatus } from '../handlers/file-handler';
import type { HandlerEntry } from '../handlers/handler-registry';
import type { FileColumns } from './file-columns';

/** What can be said of a preserved file from outside. */
export interface FileReport {
  readonly token: bigint;
  readonly compatible: string;
  readonly data: bigint;
  readonly retrieveStatus: RetrieveStatus;
}

/**
 * One preserved file (B6): handler, file, handle, private data, retrieve status, token. A view of one row of its
 * set's columns, made when somebody looks; it is also what callbacks get, narrowed by their types. It is good
 * until its file leaves the set.
 */
export class LuoFile<TFile> implements FileReport {
  constructor(
    private readonly columns: FileColumns<TFile>,
    private readonly row: number,
  ) {}

  get entry(): HandlerEntry<TFile> {
    return this.columns.entryAt(this.row);
  }

  /** Null after the reboot until it is retrieved. */
  get file(): TFile | null {
    return this.columns.fileAt(this.row);
  }

  get privateData(): unknown {
    return this.columns.privateData.get(this.row);
  }

  get data(): bigint {
    return this.columns.dataAt(this.row);
  }

  get token(): bigint {
    return this.columns.tokenAt(this.row);
  }

  get compatible(): string {
    return this.entry.handler.compatible;
  }

  get retrieveStatus(): RetrieveStatus {
    return this.columns.retrieveStatusAt(this.row);
  }

  get subject(): LuoSubject {
    return { token: this.token, compatible: this.compatible };
  }

  /** As callbacks before the reboot see it; they run only while `file` is set. */
  get outgoing(): OutgoingFile<TFile> {
    return this as OutgoingFile<TFile>;
  }
}
