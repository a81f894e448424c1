import type { LuoError, LuoSubject } from '../errors/luo-error';
import type { FinishingFile, OutgoingFile, RetrieveStatus } from '../handlers/file-handler';
import type { HandlerEntry } from '../handlers/handler-registry';
import { highHalf, joinU64, lowHalf, splitU64 } from '../wire/little-endian';

/** What can be said of a preserved file from outside. */
export interface FileReport {
  readonly token: bigint;
  readonly compatible: string;
  readonly data: bigint;
  readonly retrieveStatus: RetrieveStatus;
}

/**
 * One preserved file (B6): handler, file, handle, private data, retrieve status, token. It is also the view that
 * callbacks get of it, narrowed by their types. Handle and token are kept as 32-bit halves; a million of them
 * as bigints would be two million heap objects.
 */
export class LuoFile<TFile> implements FileReport {
  /** Null after the reboot until it is retrieved. */
  file: TFile | null;
  privateData: unknown = undefined;
  dataLow = 0;
  dataHigh = 0;
  retrieveStatus: RetrieveStatus = 0;
  /** Why retrieve failed, where that stands (D2). */
  retrieveError: LuoError | null = null;
  /** Its identity is in the table of preserved objects (D3). */
  identityHeld = false;

  constructor(
    readonly entry: HandlerEntry<TFile>,
    file: TFile | null,
    readonly tokenLow: number,
    readonly tokenHigh: number,
  ) {
    this.file = file;
  }

  get token(): bigint {
    return joinU64(this.tokenLow, this.tokenHigh);
  }

  get compatible(): string {
    return this.entry.handler.compatible;
  }

  get data(): bigint {
    return joinU64(this.dataLow, this.dataHigh);
  }

  set data(value: bigint) {
    splitU64(value);
    this.dataLow = lowHalf();
    this.dataHigh = highHalf();
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
