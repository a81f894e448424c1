import type { LuoError, LuoSubject } from '../errors/luo-error';
import type { FinishingFile, OutgoingFile, RetrieveStatus } from '../handlers/file-handler';
import type { HandlerEntry } from '../handlers/handler-registry';
import { highHalf, joinU64, lowHalf, splitU64 } from '../wire/little-endian';
import type { FileColumns } from './file-columns';
import { WORD } from './file-words';

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

  set file(file: TFile | null) {
    this.columns.setFile(this.row, file);
  }

  get privateData(): unknown {
    return this.columns.privateData.get(this.row);
  }

  set privateData(value: unknown) {
    if (value !== undefined) this.columns.privateData.set(this.row, value);
  }

  get dataLow(): number {
    return this.columns.word(this.row, WORD.dataLow);
  }

  get dataHigh(): number {
    return this.columns.word(this.row, WORD.dataHigh);
  }

  get data(): bigint {
    return joinU64(this.dataLow, this.dataHigh);
  }

  set data(value: bigint) {
    splitU64(value);
    this.columns.setData(this.row, lowHalf(), highHalf());
  }

  get tokenLow(): number {
    return this.columns.word(this.row, WORD.tokenLow);
  }

  get tokenHigh(): number {
    return this.columns.word(this.row, WORD.tokenHigh);
  }

  get token(): bigint {
    return joinU64(this.tokenLow, this.tokenHigh);
  }

  get compatible(): string {
    return this.entry.handler.compatible;
  }

  get retrieveStatus(): RetrieveStatus {
    return this.columns.word(this.row, WORD.retrieveStatus);
  }

  set retrieveStatus(status: RetrieveStatus) {
    this.columns.setWord(this.row, WORD.retrieveStatus, status);
  }

  /** Why retrieve failed, where that stands (D2). */
  get retrieveError(): LuoError | null {
    return this.columns.retrieveErrors.get(this.row) ?? null;
  }

  set retrieveError(error: LuoError | null) {
    if (error !== null) this.columns.retrieveErrors.set(this.row, error);
  }

  /** Its identity is in the table of preserved objects (D3). */
  get identityHeld(): boolean {
    return this.columns.word(this.row, WORD.identityHeld) !== 0;
  }

  set identityHeld(held: boolean) {
    this.columns.setWord(this.row, WORD.identityHeld, held ? 1 : 0);
  }

  get subject(): LuoSubject {
    return { token: this.token, compatible: this.compatible };
  }

  /** As callbacks before the reboot see it; they run only while `file` is set. */
  get outgoing(): OutgoingFile<TFile> {
    return this as OutgoingFile<TFile>;
  }

  /** As callbacks at the end of a session see it. */
  get finishing(): FinishingFile<TFile> {
    return this;
  }
}
