import { isPending, type Step } from '../concurrency/step';
import type { ErrnoName } from '../errors/errno';
import { failureOf, LuoError, type LuoOperation, type WarningSink } from '../errors/luo-error';
import type { HandlerEntry } from '../handlers/handler-registry';
import type { HandoverMemory } from '../memory/handover-memory';
import { viewOf } from '../wire/little-endian';
import {
  readSharedObjects,
  sharedObjectsPerPage,
  writeSharedObjects,
  type SharedObjectRecord,
} from '../wire/shared-object-record';
import type { PreservedObject, SharedObject } from './shared-object';
import { newSharedObjectState, type SharedObjectState } from './shared-object-state';

const CALLBACKS = ['preserve', 'unpreserve', 'retrieve', 'finish'] as const;

export interface SharedObjectsOptions {
  readonly memory: HandoverMemory;
  /** Live update is on and the profile has shared objects. */
  readonly enabled: boolean;
  readonly warn: WarningSink;
}

/** Every shared object of one orchestrator, with its references. */
export class SharedObjects<TFile> {
  /** Registered ones by name, in order of registration: the order on the wire. */
  readonly #registered = new Map<string, SharedObjectState>();
  /** Also those that were registered once: their references outlive the registration. */
  readonly #states = new Map<SharedObject, SharedObjectState>();
  readonly #incoming: readonly SharedObjectRecord[] | null;
  #page = 0;

  /** @throws LuoError EINVAL when the page of the previous kernel is malformed */
  constructor(private readonly options: SharedObjectsOptions) {
    this.#incoming = readIncoming(options.memory);
  }

  /** @throws LuoError EOPNOTSUPP, EINVAL, EEXIST (already linked), ENOSPC, EEXIST (name taken), in this order */
  register(entry: HandlerEntry<TFile> | undefined, definition: SharedObject): void {
    const { memory, enabled } = this.options;
    const fail = (code: ErrnoName, detail: string): never => {
      throw new LuoError(code, 'register-flb', { compatible: definition.name }, detail);
    };
    if (!enabled) fail('EOPNOTSUPP', 'shared objects are not supported here');
    const missing = CALLBACKS.filter((name) => typeof definition[name] !== 'function');
    if (missing.length > 0) fail('EINVAL', `it lacks ${missing.join(', ')}`);
    if (entry === undefined) return fail('EINVAL', 'its handler is not registered');
    const state = this.#states.get(definition) ?? newSharedObjectState(definition);
    if (entry.sharedObjects.includes(state)) fail('EEXIST', 'it is linked to this handler already');
    if (state.users === 0) {
      const most = sharedObjectsPerPage(memory.pageSizeBytes);
      if (this.#registered.size >= most) fail('ENOSPC', `there are ${most} shared objects already`);
      if (this.#registered.has(definition.name)) fail('EEXIST', 'the name is taken');
      // The page is taken now so that writing it at the reboot cannot fail (S18).
      if (this.#page === 0) this.#page = memory.allocatePreserve(memory.pageSizeBytes);
      this.#registered.set(definition.name, state);
      this.#adoptIncoming(state);
    }
    this.#states.set(definition, state);
    state.users += 1;
    entry.sharedObjects = [...entry.sharedObjects, state];
  }

  /** @throws LuoError ENOENT when the two are not linked */
  unregister(entry: HandlerEntry<TFile> | undefined, definition: SharedObject): void {
    const state = entry?.sharedObjects.find((linked) => linked.definition === definition);
    if (entry === undefined || state === undefined) {
      const detail = 'it is not linked to this handler';
      throw new LuoError('ENOENT', 'unregister-flb', { compatible: definition.name }, detail);
    }
    entry.sharedObjects = entry.sharedObjects.filter((linked) => linked !== state);
    state.users -= 1;
    if (state.users > 0) return;
    this.#registered.delete(definition.name);
    if (this.#registered.size > 0) return;
    this.options.memory.unpreserveFree(this.#page);
    this.#page = 0;
  }

  /** Drops every link of a handler that leaves (D8). */
  unregisterAll(entry: HandlerEntry<TFile>): void {
    for (const { definition } of entry.sharedObjects) this.unregister(entry, definition);
  }

  /** One more file depends on the handler's objects; all or none. */
  *preserveFor(entry: HandlerEntry<TFile>): Step<void> {
    const states = entry.sharedObjects;
    for (let i = 0; i < states.length; i++) {
      try {
        yield* this.#locked(states[i] as SharedObjectState, 'preserve', acquireOutgoing);
      } catch (error) {
        for (let j = i - 1; j >= 0; j--) {
          yield* this.#locked(states[j] as SharedObjectState, 'unpreserve', (locked) =>
            this.#releaseOutgoing(locked),
          );
        }
        throw error;
      }
    }
  }

  /** One file less depends on them. */
  *unpreserveFor(entry: HandlerEntry<TFile>): Step<void> {
    for (const state of entry.sharedObjects.toReversed()) {
      yield* this.#locked(state, 'unpreserve', (locked) => this.#releaseOutgoing(locked));
    }
  }

  /** One incoming file less depends on them. */
  *finishFor(entry: HandlerEntry<TFile>): Step<void> {
    for (const state of entry.sharedObjects.toReversed()) {
      yield* this.#locked(state, 'finish', (locked) => this.#releaseIncoming(locked));
    }
  }

  /** The live object of the files preserved here, or undefined while there are none. */
  outgoing<T>(definition: SharedObject<T>): T | undefined {
    return this.#states.get(definition as SharedObject)?.outgoing.object as T | undefined;
  }

  /**
   * The object handed over by the previous kernel, retrieved at the first request. Each request is one more
   * reference; give it back with {@link put}.
   * @throws LuoError ENODATA, ENOENT, ENODEV, or what retrieve failed with, again and again
   */
  *get<T>(definition: SharedObject<T>): Step<T> {
    const state = this.#states.get(definition as SharedObject);
    if (state === undefined) {
      const detail = 'it was never registered';
      throw new LuoError('ENOENT', 'get-flb', { compatible: definition.name }, detail);
    }
    yield* this.#locked(state, 'get-flb', (locked) => this.#retrieve(locked));
    state.incoming.count += 1;
    return state.incoming.object as T;
  }

  /** Gives back one request of {@link get}; the last reference of all finishes the object. */
  *put(definition: SharedObject): Step<void> {
    const state = this.#states.get(definition);
    if (state !== undefined)
      yield* this.#locked(state, 'finish', (locked) => this.#releaseIncoming(locked));
  }

  /** Writes the page for the next kernel. Cannot fail (S18). @returns its address, 0 for none */
  serialize(): bigint {
    if (this.#page === 0) return 0n;
    const records: SharedObjectRecord[] = [];
    for (const [name, { outgoing }] of this.#registered) {
      if (outgoing.count === 0) continue;
      records.push({ name, data: outgoing.data, count: BigInt(outgoing.count) });
    }
    const bytes = this.options.memory.preservedBytes(this.#page).fill(0);
    writeSharedObjects(viewOf(bytes), records);
    return BigInt(this.#page);
  }

  #adoptIncoming({ definition, incoming }: SharedObjectState): void {
    if (incoming.found) return;
    const record = this.#incoming?.find(({ name }) => name === definition.name);
    if (record === undefined) return;
    incoming.found = true;
    incoming.data = record.data;
    incoming.count = Number(record.count);
  }

  *#retrieve({ definition, incoming }: SharedObjectState): Step<void> {
    const subject = { compatible: definition.name };
    const fail = (code: ErrnoName, detail: string): never => {
      throw new LuoError(code, 'get-flb', subject, detail);
    };
    if (incoming.finished) fail('ENODATA', 'it is finished');
    if (incoming.retrieveError !== null) throw incoming.retrieveError;
    if (incoming.retrieved) return;
    if (this.#incoming === null) fail('ENODATA', 'no shared objects were handed over');
    if (!incoming.found) fail('ENOENT', 'the previous kernel did not hand it over');
    if (definition.owner?.tryGet() === false) fail('ENODEV', 'its owner is going away');
    try {
      const answer = definition.retrieve(incoming.data);
      incoming.object = isPending(answer) ? yield answer : answer;
      incoming.retrieved = true;
    } catch (thrown) {
      definition.owner?.put();
      incoming.retrieveError = failureOf('get-flb', subject, thrown);
      throw incoming.retrieveError;
    }
  }

  *#releaseIncoming(state: SharedObjectState): Step<void> {
    const { definition, incoming } = state;
    if (incoming.count === 0)
      return this.#warn(state, 'finish', 'more files finished than depend on it');
    incoming.count -= 1;
    if (incoming.count > 0) return;
    try {
      yield* this.#retrieve(state);
    } catch (cause) {
      return this.#warn(state, 'finish', 'it could not be retrieved and stays unfinished', cause);
    }
    try {
      const answer = definition.finish(incoming.object);
      if (isPending(answer)) yield answer;
    } catch (cause) {
      this.#warn(state, 'finish', 'finish threw; it must not', cause);
    }
    incoming.data = 0n;
    incoming.object = undefined;
    incoming.finished = true;
    definition.owner?.put();
  }

  *#releaseOutgoing(state: SharedObjectState): Step<void> {
    const { definition, outgoing } = state;
    outgoing.count -= 1;
    if (outgoing.count > 0) return;
    try {
      const answer = definition.unpreserve({ data: outgoing.data, object: outgoing.object });
      if (isPending(answer)) yield answer;
    } catch (cause) {
      this.#warn(state, 'unpreserve', 'unpreserve threw; it must not', cause);
    }
    outgoing.data = 0n;
    outgoing.object = undefined;
    definition.owner?.put();
  }

  *#locked(
    state: SharedObjectState,
    operation: LuoOperation,
    step: (state: SharedObjectState) => Step<void>,
  ): Step<void> {
    const result = state.lock.run(operation, { compatible: state.definition.name }, step(state));
    if (isPending(result)) yield result;
  }

  #warn(state: SharedObjectState, operation: LuoOperation, detail: string, cause?: unknown): void {
    this.options.warn({ operation, subject: { compatible: state.definition.name }, detail, cause });
  }
}

/** The first dependent file preserves the object, every other one counts (S23). */
function* acquireOutgoing({ definition, outgoing }: SharedObjectState): Step<void> {
  if (outgoing.count > 0) {
    outgoing.count += 1;
    return;
  }
  const subject = { compatible: definition.name };
  if (definition.owner?.tryGet() === false) {
    throw new LuoError('ENODEV', 'preserve', subject, 'the owner of a shared object is going away');
  }
  try {
    const answer = definition.preserve();
    const { data, object } = isPending(answer)
      ? ((yield answer) as PreservedObject<unknown>)
      : answer;
    outgoing.data = data;
    outgoing.object = object;
    outgoing.count = 1;
  } catch (thrown) {
    definition.owner?.put();
    throw failureOf('preserve', subject, thrown);
  }
}

function readIncoming(memory: HandoverMemory): SharedObjectRecord[] | null {
  const address = memory.incoming?.sharedObjectsAddress ?? 0n;
  if (address === 0n) return null;
  const bytes = memory.restoredBytes(Number(address));
  const records =
    bytes.length === memory.pageSizeBytes ? readSharedObjects(viewOf(bytes)) : 'it is not one page';
  if (typeof records !== 'string') return records;
  throw new LuoError('EINVAL', 'boot', { address }, `malformed shared-object page: ${records}`);
}
