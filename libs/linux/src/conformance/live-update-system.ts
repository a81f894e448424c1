import type { LiveUpdateRequest } from '../live-update/uapi';
import type { FileKind, FileProperty, RawArgument } from './operation';

/** A raw argument whose file is resolved to a handle. */
export type ResolvedArgument<H> =
  | { kind: 'null' }
  | (Omit<Extract<RawArgument, { kind: 'struct' }>, 'file'> & { file?: H | number });

type Awaitable<T> = T | Promise<T>;

/**
 * What scenarios run against: a system with live update, behind handles of its own kind. Failures are errors with an
 * errno name in `code`; anything else thrown is a fault of the harness and ends the run.
 */
export interface LiveUpdateSystem<H> {
  open(): Awaitable<H>;
  createSession(device: H, name: string): Awaitable<H>;
  retrieveSession(device: H, name: string): Awaitable<H>;
  /** A number instead of a handle is passed on as it is: descriptors that do not exist. */
  preserve(session: H, token: bigint, file: H | number): Awaitable<void>;
  retrieve(session: H, token: bigint): Awaitable<H>;
  finish(session: H): Awaitable<void>;
  getName(session: H): Awaitable<string>;
  /** The handle in the answer's descriptor field, for requests that have one. */
  ioctl(
    on: H,
    request: LiveUpdateRequest | number,
    argument: ResolvedArgument<H>,
  ): Awaitable<H | undefined>;
  close(handle: H): Awaitable<void>;
  duplicate(handle: H): Awaitable<H>;
  make(kind: FileKind): Awaitable<H>;
  reopen(file: H, readOnly: boolean): Awaitable<H>;
  read(file: H, offset: number, bytes: number): Awaitable<string>;
  write(file: H, offset: number, text: string): Awaitable<void>;
  truncate(file: H, size: number): Awaitable<void>;
  /** Moves the position forward by reading. */
  advance(file: H, bytes: number): Awaitable<void>;
  inspect(handle: H, property: FileProperty): Awaitable<string | number | boolean>;
  isSameFile(a: H, b: H): Awaitable<boolean>;
  exhaustDescriptors(on: boolean): Awaitable<void>;
  limitMemory(on: boolean): Awaitable<void>;
  rebootUnstaged(): Awaitable<void>;
}
