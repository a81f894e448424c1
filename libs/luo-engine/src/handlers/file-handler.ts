/**
 * DOC: file handlers
 *
 * A handler knows one kind of file and carries its state across the reboot. It is registered under a unique
 * `compatible` string, by which the next runtime finds its own handler again.
 *
 * Happy path, in this order: `canPreserve`, `preserve` (the workload still serves), `freeze` (it no longer
 * does), reboot, `retrieve`, `canFinish`, `finish`. Unhappy paths: `unpreserve` undoes preserve when the session
 * is closed before the reboot; `unfreeze` undoes freeze when the reboot does not happen.
 *
 * A callback answers at once or with a promise. It fails by throwing: an object whose `code` is an errno name
 * ({@link HandlerError}, Node's system errors) sets the errno, anything else is EIO. `unpreserve`, `unfreeze`
 * and `finish` cannot fail: what they throw is reported as a warning and the operation goes on. On failure a
 * callback must have undone its own partial work: a file whose `preserve` failed is never unpreserved, one whose
 * `freeze` failed never unfrozen, one whose `retrieve` failed never retrieved again (upstream).
 */
import type { Awaitable } from '../concurrency/step';

/** What preserve knows of a file afterwards. */
export interface Preservation<TPrivate = unknown> {
  /** Opaque u64 handle to the preserved state; the only thing that crosses the reboot. */
  readonly data: bigint;
  /** Runtime state that does not cross it; handed to freeze, unfreeze and unpreserve. */
  readonly privateData?: TPrivate;
  /** Any status but 0 is a failure of preserve, as in the kernel (B17). */
  readonly status?: number;
}

/** A bigint is short for `{ data }`. */
export type PreserveResult<TPrivate> = bigint | Preservation<TPrivate>;

/**
 * Nothing: frozen, handle unchanged. A bigint: frozen with this new handle. With a status: negative is a failure,
 * positive a success whose new handle is not adopted (B25).
 */
export type FreezeResult = void | bigint | { readonly status: number; readonly data?: bigint };

/** 0: never asked for. 1: retrieved. Negative errno: failed, and that failure stands (D2). */
export type RetrieveStatus = number;

/** A preserved file before the reboot. */
export interface OutgoingFile<TFile, TPrivate = unknown> {
  readonly file: TFile;
  readonly data: bigint;
  readonly privateData: TPrivate | undefined;
}

/** A preserved file after the reboot, before it was retrieved. */
export interface IncomingFile {
  readonly data: bigint;
}

/** A preserved file after the reboot, at the end of its session. */
export interface FinishingFile<TFile> {
  /** Null unless it was retrieved. */
  readonly file: TFile | null;
  readonly data: bigint;
  readonly retrieveStatus: RetrieveStatus;
}

/** Keeps a handler's implementation loaded; the kernel's module reference. */
export interface HandlerOwner {
  /** Takes one reference; false while the implementation is going away. */
  tryGet(): boolean;
  /** Drops one reference. */
  put(): void;
}

/** One kind of file. Errors, order and meaning of every callback: B14-B50. */
export interface FileHandler<TFile, TPrivate = unknown> {
  /** Unique name and version, for example `memfd-v2`. At most 47 bytes cross the reboot (B3). */
  readonly compatible: string;
  readonly owner?: HandlerOwner;
  /** Cheap check. Handlers are asked in order of registration; the first yes wins (B16). */
  canPreserve(file: TFile): Awaitable<boolean>;
  preserve(file: TFile): Awaitable<PreserveResult<TPrivate>>;
  unpreserve(file: OutgoingFile<TFile, TPrivate>): Awaitable<void>;
  freeze?(file: OutgoingFile<TFile, TPrivate>): Awaitable<FreezeResult>;
  unfreeze?(file: OutgoingFile<TFile, TPrivate>): Awaitable<void>;
  /** Rebuilds the file. The caller owns what it returns; the engine takes a reference of its own (B40). */
  retrieve(file: IncomingFile): Awaitable<TFile>;
  /** Absent means yes. A no vetoes the whole finish with EBUSY (B44). */
  canFinish?(file: FinishingFile<TFile>): Awaitable<boolean>;
  /** Last call: release what the handle names, retrieved or not (B45, B46). */
  finish(file: FinishingFile<TFile>): Awaitable<void>;
  /** Identity of the object behind a file, so that it is preserved once; the file itself unless given (D3). */
  getId?(file: TFile): unknown;
}

/**
 * How the engine co-owns files: the kernel's fget() and fput(). The engine takes one reference of a file at preserve
 * and drops it at unpreserve, takes one at the first retrieve and drops it at finish. At every further retrieve it
 * takes one for the caller, who drops it (B19, B39, B40).
 */
export interface FileReferences<TFile> {
  /** Takes one reference. False when the file is closed or invalid: EBADF. */
  get(file: TFile): boolean;
  /** Drops one reference. */
  put(file: TFile): void;
}
