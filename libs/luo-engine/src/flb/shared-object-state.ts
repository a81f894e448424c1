import { OperationLock } from '../concurrency/operation-lock';
import type { LuoError } from '../errors/luo-error';
import type { SharedObject } from './shared-object';

/** What the engine keeps about one shared object. */
export interface SharedObjectState {
  readonly definition: SharedObject;
  readonly lock: OperationLock;
  /** Handlers linked to it; with the last one it leaves the registry. */
  users: number;
  readonly outgoing: { count: number; data: bigint; object: unknown };
  readonly incoming: {
    /** Files of the previous kernel that still depend on it, and requests not yet put back. */
    count: number;
    data: bigint;
    object: unknown;
    /** The wire knows it. */
    found: boolean;
    retrieved: boolean;
    retrieveError: LuoError | null;
    finished: boolean;
  };
}

export function newSharedObjectState(definition: SharedObject): SharedObjectState {
  return {
    definition,
    lock: new OperationLock(),
    users: 0,
    outgoing: { count: 0, data: 0n, object: undefined },
    incoming: {
      count: 0,
      data: 0n,
      object: undefined,
      found: false,
      retrieved: false,
      retrieveError: null,
      finished: false,
    },
  };
}
