/**
 * DOC: the device-like face of live update
 *
 * What a program can do with /dev/liveupdate, as an interface: the engine implements it, a driver of the real
 * device can too, and one scenario runs against both and must see the same errnos. Every failure is an error
 * whose `code` is an errno name; every call may answer with a promise.
 *
 * Happy path: open the machine's device, create a session, preserve files in it, reboot; open again, retrieve the
 * session by name and its files by token, finish, close. Closing a session before the reboot gives its
 * files back (S9); closing one from before the reboot finishes it (S11).
 */
import type { Awaitable } from '../concurrency/step';

export type SessionDirection = 'outgoing' | 'incoming';

/**
 * `closed`: the session is gone. `orphaned`: a handler vetoed, the session stays without a handle and nobody can
 * reach it before the next reboot (S11). Finish and check before closing.
 */
export type CloseOutcome = 'closed' | 'orphaned';

/** One session, as its descriptor. */
export interface LiveUpdateSession<TFile> {
  readonly direction: SessionDirection;
  /** @throws EBADF after close */
  getName(): Awaitable<string>;
  /** @throws EINVAL on an incoming session; see `FileSet.preserve` for the rest */
  preserve(token: bigint, file: TFile): Awaitable<void>;
  /** @throws EINVAL on an outgoing session; see `FileSet.retrieve` for the rest (upstream: the same one again) */
  retrieve(token: bigint): Awaitable<TFile>;
  /** Files are dropped, the session stays until closed; again is fine (S12). @throws EINVAL, EBUSY */
  finish(): Awaitable<void>;
  /** @throws EBADF the second time */
  close(): Awaitable<CloseOutcome>;
}

/** The opened device. Closing it does not touch sessions (S2). */
export interface LiveUpdateDevice<TFile> {
  /** @throws EINVAL, EEXIST, ENOSPC, ENOMEM */
  createSession(name: string): Awaitable<LiveUpdateSession<TFile>>;
  /** @throws ENOENT, EINVAL when it was retrieved before (S10) */
  retrieveSession(name: string): Awaitable<LiveUpdateSession<TFile>>;
  close(): Awaitable<void>;
}

/** A host that can live-update. */
export interface LiveUpdateMachine<TFile> {
  /** Exclusive. @throws ENOENT without live update, EBUSY while open (S2), EIO when nothing could be restored (S4) */
  open(): Awaitable<LiveUpdateDevice<TFile>>;
  /** Freezes and replaces the runtime. @throws the first freeze error, with everything rolled back (S18) */
  reboot(): Awaitable<void>;
}
