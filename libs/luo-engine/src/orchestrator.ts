/**
 * DOC: the Live Update Orchestrator
 *
 * Carries chosen files across a reboot of the runtime that owns them. One orchestrator is one boot: it is created
 * over handover memory, which may hold what the previous boot left, and ends with `freezeAll`.
 *
 * Happy path:
 * 1. Create the orchestrator, register handlers. (Before `open`: an unknown handler then is a lasting EIO.)
 * 2. `open` the device. The first open reads what the previous boot handed over.
 * 3. Retrieve incoming sessions by name and their files by token, finish, close.
 * 4. Create sessions, preserve files; the workloads still serve.
 * 5. Quiesce the workloads, `freezeAll`, keep the bytes it returns, replace the runtime.
 *
 * Unhappy paths:
 * 1. The update is called off before the reboot: close the sessions.
 * 2. A freeze fails: everything frozen so far is unfrozen, sessions in reverse, and `freezeAll` throws what
 *    failed, with session, token and errno. All sessions stay open and preserved; try again or close them.
 * 3. The reboot does not happen after a good freeze: `unfreezeAll`, then as in 2.
 * 4. The region cannot be trusted: the handover memory or the constructor throws. Nothing was restored.
 * 5. Sessions or files cannot be deserialised: `open` throws EIO until the next reboot.
 *
 * Ordering: sessions are frozen in order of creation, and rolled back in reverse; between `freezeAll` and
 * `unfreezeAll` every other call is refused with EBUSY.
 */
import { drive, type Step } from './concurrency/step';
import { failureOf, LuoError, type LuoOperation, type WarningSink } from './errors/luo-error';
import { uncountedReferences, type FileEngine } from './files/file-engine';
import { HeldObjects } from './files/held-objects';
import type { SharedObject } from './flb/shared-object';
import { SharedObjects } from './flb/shared-objects';
import type { FileHandler, FileReferences } from './handlers/file-handler';
import { HandlerRegistry } from './handlers/handler-registry';
import type { HandoverMemory } from './memory/handover-memory';
import { resolveProfile, type Profile, type ProfileName } from './profile';
import { Device, type DeviceOwner } from './sessions/device';
import type { SessionEntry, SessionReport } from './sessions/session-entry';
import { SessionLists } from './sessions/session-lists';
import type { FileSetRecord } from './wire/session-record';

export interface OrchestratorOptions<TFile> {
  readonly memory: HandoverMemory;
  /** `upstream` unless given: Linux 7.3. */
  readonly profile?: Profile | ProfileName;
  /** False is a kernel booted without live update (S1). */
  readonly enabled?: boolean;
  /** How files are co-owned; without it any file but null and undefined is taken as it is. */
  readonly references?: FileReferences<TFile>;
  readonly onWarning?: WarningSink;
}

type Gate = 'thawed' | 'freezing' | 'frozen';

export class Orchestrator<TFile> implements DeviceOwner<TFile> {
  readonly profile: Profile;
  readonly #memory: HandoverMemory;
  readonly #registry: HandlerRegistry<TFile>;
  readonly #sharedObjects: SharedObjects<TFile>;
  readonly #enabled: boolean;
  readonly #warn: WarningSink;
  /** @internal */
  readonly sessions: SessionLists<TFile>;
  #gate: Gate = 'thawed';
  #deviceOpen = false;
  /** Records of frozen sessions, in order of creation. */
  #frozen = new Map<SessionEntry<TFile>, FileSetRecord>();

  /** @throws LuoError EINVAL when sessions or shared objects were handed over malformed (S5) */
  constructor(options: OrchestratorOptions<TFile>) {
    const { memory, enabled = true, onWarning: warn = () => undefined } = options;
    const profile = resolveProfile(options.profile);
    this.profile = profile;
    this.#memory = memory;
    this.#enabled = enabled;
    this.#warn = warn;
    const isQuiescent = (): boolean => this.sessions.isEmpty;
    this.#registry = new HandlerRegistry({ profile, enabled, isQuiescent, warn });
    const shared = enabled && profile.sharedObjects;
    this.#sharedObjects = new SharedObjects({ memory, enabled: shared, warn });
    const engine: FileEngine<TFile> = {
      profile,
      memory,
      registry: this.#registry,
      sharedObjects: this.#sharedObjects,
      references: options.references ?? uncountedReferences(),
      heldObjects: new HeldObjects(),
      warn,
    };
    this.sessions = new SessionLists(engine);
  }

  /** How many live updates led to this boot; 0 on a cold boot (S21). */
  get liveUpdateNumber(): bigint {
    return this.#memory.incoming?.liveUpdateNumber ?? 0n;
  }

  /** @throws LuoError upstream: EOPNOTSUPP, EINVAL, EEXIST (D8); seed: see B12 */
  registerHandler(handler: FileHandler<TFile>): void {
    this.requireThawed('register');
    this.#registry.register(handler);
  }

  /** Takes its shared objects with it. @throws LuoError EOPNOTSUPP, EBUSY (seed), ENOENT */
  unregisterHandler(handler: FileHandler<TFile>): void {
    this.requireThawed('unregister');
    this.#sharedObjects.unregisterAll(this.#registry.unregister(handler));
  }

  /** Makes every file of the handler depend on a shared object (S23). */
  registerSharedObject(handler: FileHandler<TFile>, object: SharedObject): void {
    this.requireThawed('register-flb');
    this.#sharedObjects.register(this.#registry.entryOf(handler), object);
  }

  /** @throws LuoError ENOENT when the two are not linked */
  unregisterSharedObject(handler: FileHandler<TFile>, object: SharedObject): void {
    this.requireThawed('unregister-flb');
    this.#sharedObjects.unregister(this.#registry.entryOf(handler), object);
  }

  /** The live shared object of files preserved in this boot, or undefined while there are none. */
  outgoingSharedObject<T>(object: SharedObject<T>): T | undefined {
    return this.#sharedObjects.outgoing(object);
  }

  /**
   * The shared object of the previous boot, retrieved at the first request; give it back with
   * {@link putSharedObject}. @throws LuoError ENODATA, ENOENT, ENODEV, or what its retrieve failed with
   */
  getSharedObject<T>(object: SharedObject<T>): T | Promise<T> {
    return drive(this.#sharedObjects.get(object));
  }

  /** Gives one {@link getSharedObject} back. */
  putSharedObject(object: SharedObject): void | Promise<void> {
    return drive(this.#sharedObjects.put(object));
  }

  /**
   * Opens the device; exclusive (S2). The first open ever deserialises (S3).
   * @throws LuoError ENOENT when live update is off (S1), EBUSY while it is open, EIO (S4)
   */
  open(): Device<TFile> {
    if (!this.#enabled) {
      throw new LuoError('ENOENT', 'open', {}, 'live update is switched off; there is no device');
    }
    this.requireThawed('open');
    if (this.#deviceOpen) {
      throw new LuoError('EBUSY', 'open', {}, 'the device is open; one opener at a time');
    }
    this.sessions.deserialize();
    this.#deviceOpen = true;
    return new Device(this);
  }

  /** @internal */
  deviceClosed(): void {
    this.#deviceOpen = false;
  }

  /**
   * Freezes every outgoing session and returns the region for the next boot, sealed. From here either the
   * runtime is replaced or {@link unfreezeAll} takes it back, after which it is no region any more. It may be read until then,
   * not written or transferred. Memory for it is taken before the first handler is asked.
   * @throws LuoError the first freeze error with session, token and handler as its subject, everything
   * rolled back; ENOMEM without memory for the region; EBUSY when frozen already
   */
  freezeAll(): Uint8Array | Promise<Uint8Array> {
    this.requireThawed('freeze');
    this.#gate = 'freezing';
    return drive(this.#freezeAll());
  }

  /** Undoes {@link freezeAll} after a reboot that did not happen. @throws LuoError EINVAL when not frozen */
  unfreezeAll(): void | Promise<void> {
    if (this.#gate !== 'frozen') {
      throw new LuoError('EINVAL', 'unfreeze', {}, 'nothing is frozen');
    }
    this.#memory.unseal();
    this.#gate = 'freezing';
    return drive(this.#rollBack());
  }

  /** Every session of both lists, in order. Unlike the kernel, the engine tells (S10). */
  report(): SessionReport[] {
    const { incoming, outgoing } = this.sessions;
    return [...incoming.values(), ...outgoing.values()].map((session) => {
      const { name, direction, retrieved, files } = session;
      return { name, direction, retrieved, fileCount: files.count };
    });
  }

  /** Compatible strings that the next boot must know: those of every preserved file. */
  compatiblesInUse(): string[] {
    const names = new Set<string>();
    for (const { files } of this.sessions.outgoing.values()) {
      for (const { compatible } of files.files) names.add(compatible);
    }
    return [...names].sort();
  }

  /** @internal */
  requireThawed(operation: LuoOperation): void {
    if (this.#gate === 'thawed') return;
    throw new LuoError('EBUSY', operation, {}, `live update is ${this.#gate}; unfreeze first`);
  }

  /** @internal */
  remove(session: SessionEntry<TFile>): void {
    this.sessions.remove(session);
  }

  /** @internal */
  orphaned({ name }: SessionEntry<TFile>, cause: unknown): void {
    const detail = 'it was closed unfinished and cannot be reached before the next reboot';
    this.#warn({ operation: 'close', subject: { session: name }, detail, cause });
  }

  *#freezeAll(): Step<Uint8Array> {
    for (const { lock } of [
      ...this.sessions.incoming.values(),
      ...this.sessions.outgoing.values(),
    ]) {
      while (lock.busy) yield lock.idle();
    }
    try {
      this.#memory.layOut();
      for (const session of this.sessions.outgoing.values()) {
        const record: FileSetRecord = { files: 0n, count: 0n };
        yield* session.files.freeze(record);
        this.#frozen.set(session, record);
      }
      const region = this.#memory.seal({
        liveUpdateNumber: this.liveUpdateNumber + 1n,
        sessionsAddress: this.sessions.serialize(this.#frozen),
        sharedObjectsAddress: this.#sharedObjects.serialize(),
      });
      this.#gate = 'frozen';
      return region;
    } catch (error) {
      yield* this.#rollBack();
      throw failureOf('freeze', {}, error);
    }
  }

  *#rollBack(): Step<void> {
    for (const [session, record] of [...this.#frozen].reverse()) {
      yield* session.files.unfreeze(record);
    }
    this.#frozen.clear();
    this.sessions.clearRecords();
    this.#gate = 'thawed';
  }
}
