/**
 * DOC: shared objects
 *
 * State that several files need once, for example an IOMMU domain; the kernel calls them File-Lifecycle-Bound.
 * An object is linked to the handlers whose files need it. The first such file preserves it, the last one to
 * be unpreserved takes it back. After the reboot it is retrieved when somebody first asks, and finished with
 * the last file, which retrieves it first if nobody ever asked (S23, S24).
 *
 * Order: in order of registration on the way in, in reverse on the way out and on rollback.
 *
 * Unhappy paths: a failed preserve fails the file's preserve. A failed retrieve stands: every later request
 * gets the same error. An object that this runtime does not know is ENOENT, but only when asked for; after
 * finish it is ENODATA.
 */
import type { Awaitable } from '../concurrency/step';
import type { HandlerOwner } from '../handlers/file-handler';

/** A shared object in use before the reboot. */
export interface PreservedObject<T> {
  /** Opaque u64 handle; crosses the reboot. */
  readonly data: bigint;
  /** Live object for the handlers; does not. */
  readonly object: T;
}

/** All four callbacks are required. `unpreserve` and `finish` cannot fail. */
export interface SharedObject<T = unknown> {
  /** Unique name, at most 47 bytes. */
  readonly name: string;
  readonly owner?: HandlerOwner;
  preserve(): Awaitable<PreservedObject<T>>;
  unpreserve(preserved: PreservedObject<T>): Awaitable<void>;
  retrieve(data: bigint): Awaitable<T>;
  finish(object: T): Awaitable<void>;
}
