import { LuoError, type WarningSink } from '../errors/luo-error';
import type { Profile } from '../profile';
import { encodeUtf8 } from '../wire/c-string';
import { COMPATIBLE_BYTES, compatibleWords } from '../wire/file-record';
import type { SharedObjectState } from '../flb/shared-object-state';
import type { FileHandler } from './file-handler';

/** A registered handler with what the engine keeps about it. */
export interface HandlerEntry<TFile> {
  readonly handler: FileHandler<TFile>;
  /** `compatible` as it is written into every record of its files; see `compatibleWords`. */
  readonly words: Int32Array;
  /** Shared objects its files depend on, in order of registration (S23). */
  sharedObjects: SharedObjectState[];
}

const REQUIRED = ['canPreserve', 'preserve', 'unpreserve', 'retrieve', 'finish'] as const;

export interface RegistryOptions {
  readonly profile: Profile;
  /** Live update is switched on (S1). */
  readonly enabled: boolean;
  /** False while any session exists (B9). */
  readonly isQuiescent: () => boolean;
  readonly warn: WarningSink;
}

/**
 * The handlers in order of registration, which is the order they are asked in.
 *
 * Errors of register, in this order (B12): EOPNOTSUPP, EINVAL, EBUSY (seed), EEXIST, EAGAIN (seed). Of
 * unregister (B13): EOPNOTSUPP, EBUSY (seed), and ENOENT for a handler that is not registered, where the kernel
 * would corrupt its list.
 */
export class HandlerRegistry<TFile> {
  readonly #entries = new Map<string, HandlerEntry<TFile>>();
  #inOrder: readonly HandlerEntry<TFile>[] = [];

  constructor(private readonly options: RegistryOptions) {}

  register(handler: FileHandler<TFile>): void {
    const { profile, enabled, isQuiescent, warn } = this.options;
    const { compatible } = handler;
    const subject = { compatible };
    const fail = (
      code: 'EOPNOTSUPP' | 'EINVAL' | 'EBUSY' | 'EEXIST' | 'EAGAIN',
      detail: string,
    ): never => {
      throw new LuoError(code, 'register', subject, detail);
    };
    if (!enabled) fail('EOPNOTSUPP', 'live update is switched off');
    const missing = REQUIRED.filter((name) => typeof handler[name] !== 'function');
    if (missing.length > 0) fail('EINVAL', `it lacks ${missing.join(', ')}`);
    if (profile.quiescentRegistration && !isQuiescent()) {
      fail('EBUSY', 'sessions exist; register before the first session or after the last');
    }
    if (this.#entries.has(compatible)) fail('EEXIST', 'this compatible string is taken');
    if (profile.ownerPinnedBy === 'registration' && handler.owner?.tryGet() === false) {
      fail('EAGAIN', 'its owner is going away');
    }
    if (encodeUtf8(compatible).length >= COMPATIBLE_BYTES) {
      const detail = `more than ${COMPATIBLE_BYTES - 1} bytes: the next runtime will see it cut short`;
      warn({ operation: 'register', subject, detail });
    }
    this.#entries.set(compatible, {
      handler,
      words: compatibleWords(compatible),
      sharedObjects: [],
    });
    this.#inOrder = [...this.#entries.values()];
  }

  unregister(handler: FileHandler<TFile>): HandlerEntry<TFile> {
    const { profile, enabled, isQuiescent } = this.options;
    const { compatible } = handler;
    const subject = { compatible };
    if (!enabled) {
      throw new LuoError('EOPNOTSUPP', 'unregister', subject, 'live update is switched off');
    }
    if (profile.quiescentRegistration && !isQuiescent()) {
      throw new LuoError('EBUSY', 'unregister', subject, 'sessions exist; close them first');
    }
    const entry = this.entryOf(handler);
    if (entry === undefined) {
      throw new LuoError('ENOENT', 'unregister', subject, 'this handler is not registered');
    }
    this.#entries.delete(compatible);
    this.#inOrder = [...this.#entries.values()];
    if (profile.ownerPinnedBy === 'registration') handler.owner?.put();
    return entry;
  }

  /** The entry of exactly this handler object. */
  entryOf(handler: FileHandler<TFile>): HandlerEntry<TFile> | undefined {
    const entry = this.#entries.get(handler.compatible);
    return entry?.handler === handler ? entry : undefined;
  }

  /** The handler that answers to a compatible string, compared exactly. */
  find(compatible: string): HandlerEntry<TFile> | undefined {
    return this.#entries.get(compatible);
  }

  /** Handlers in order of registration. */
  get entries(): readonly HandlerEntry<TFile>[] {
    return this.#inOrder;
  }
}
