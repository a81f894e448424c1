/**
 * DOC: sessions
 *
 * Two lists: outgoing sessions were created here, incoming ones come from before the reboot. A name is unique in
 * its list only (S7). Outgoing sessions keep room for their records from creation on, so that the reboot cannot
 * fail for want of memory; only they are handed over (S13).
 *
 * Incoming sessions are read once, at the first open of the device. What goes wrong then stays wrong: every open
 * of this boot answers EIO (S4), and what was linked until then is left for the reboot that must follow (B35).
 */
import { BlockChain, restoreChain } from '../blocks/block-chain';
import type { IncomingRecords } from '../blocks/record-store';
import { failureOf, LuoError } from '../errors/luo-error';
import type { FileEngine } from '../files/file-engine';
import { encodeUtf8 } from '../wire/c-string';
import {
  readSessionRecord,
  SESSION_NAME_BYTES,
  SESSION_RECORD_BYTES,
  writeSessionRecord,
  type FileSetRecord,
} from '../wire/session-record';
import { SessionEntry } from './session-entry';

export class SessionLists<TFile> {
  /** By name, in order of creation. */
  readonly outgoing = new Map<string, SessionEntry<TFile>>();
  /** By name, in order of the wire. */
  readonly incoming = new Map<string, SessionEntry<TFile>>();
  readonly #records: BlockChain;
  readonly #engine: FileEngine<TFile>;
  /** Incoming records until the first open. */
  #pending: IncomingRecords | null;
  #failure: LuoError | null = null;

  /** @throws LuoError EINVAL when the chain of session blocks is malformed: the kernel panics there (S5) */
  constructor(engine: FileEngine<TFile>) {
    this.#engine = engine;
    const { memory, profile } = engine;
    const shape = { recordBytes: SESSION_RECORD_BYTES, blocksMax: profile.blocksMax };
    this.#records = new BlockChain(memory, shape);
    const head = memory.incoming?.sessionsAddress ?? 0n;
    this.#pending = head === 0n ? null : restoreChain(memory, shape, head, 'boot');
  }

  get isEmpty(): boolean {
    return this.outgoing.size === 0 && this.incoming.size === 0;
  }

  /** @throws LuoError EINVAL, ENOSPC or ENOMEM, EEXIST, in this order */
  create(name: string): SessionEntry<TFile> {
    const kept = this.#checkName(name);
    const { profile } = this.#engine;
    const subject = { session: kept };
    if (profile.sessionsMax !== null && this.outgoing.size >= profile.sessionsMax) {
      const detail = `there are ${profile.sessionsMax} sessions already`;
      throw new LuoError('ENOMEM', 'create-session', subject, detail);
    }
    try {
      this.#records.grow(this.outgoing.size + 1);
    } catch (error) {
      throw failureOf('create-session', subject, error);
    }
    if (this.outgoing.has(kept)) {
      // The kernel leaves the grown block behind, empty, and panics on it after the reboot (S15). We do not.
      this.#records.shrink(this.outgoing.size);
      throw new LuoError('EEXIST', 'create-session', subject, 'an outgoing session has this name');
    }
    const session = new SessionEntry(kept, 'outgoing', this.#engine);
    this.outgoing.set(kept, session);
    return session;
  }

  /** @throws LuoError ENOENT, EINVAL */
  retrieve(name: string): SessionEntry<TFile> {
    const session = this.incoming.get(name);
    const subject = { session: name };
    if (session === undefined) {
      const detail = 'no session of this name came from before the reboot';
      throw new LuoError('ENOENT', 'retrieve-session', subject, detail);
    }
    if (session.retrieved) {
      const detail = 'it was retrieved before; a session has one handle';
      throw new LuoError('EINVAL', 'retrieve-session', subject, detail);
    }
    session.retrieved = true;
    return session;
  }

  /** Takes an emptied session off its list. */
  remove(session: SessionEntry<TFile>): void {
    session.files.destroy();
    this[session.direction].delete(session.name);
    if (session.direction === 'outgoing') this.#records.shrink(this.outgoing.size);
  }

  /** Links the incoming sessions and their files; once only (S3). @throws LuoError EIO, now and ever after (S4) */
  deserialize(): void {
    const pending = this.#pending;
    this.#pending = null;
    if (pending !== null) {
      try {
        pending.forEach((view, at) => this.#link(view, at));
      } catch (error) {
        this.#failure = failureOf('deserialize', {}, error);
      }
      pending.free();
    }
    if (this.#failure === null) return;
    const detail = `${this.#failure.message}. Only a reboot clears this`;
    throw new LuoError('EIO', 'open', this.#failure.subject, detail, { cause: this.#failure });
  }

  /** Writes the records of frozen sessions, in order of creation. @returns their address, 0 for none */
  serialize(records: ReadonlyMap<SessionEntry<TFile>, FileSetRecord>): bigint {
    let slot = 0;
    for (const [{ name }, fileSet] of records) {
      writeSessionRecord(this.#records.view(slot), this.#records.offset(slot), name, fileSet);
      slot += 1;
    }
    this.#records.close(slot);
    return BigInt(this.#records.address);
  }

  /** Zeroes the records after a reboot that did not happen. */
  clearRecords(): void {
    this.#records.clear();
  }

  /** The name as it will be kept: at most 63 bytes, not empty (D10); older kernels cut and took anything. */
  #checkName(name: string): string {
    const bytes = encodeUtf8(name);
    const refuse = (detail: string): never => {
      throw new LuoError('EINVAL', 'create-session', { session: name }, detail);
    };
    if (name.includes('\0')) refuse('a name cannot hold a NUL');
    if (/\p{Surrogate}/u.test(name)) refuse('a name cannot hold half a character');
    if (!this.#engine.profile.checksSessionNames) return cutName(name);
    if (bytes.length === 0) refuse('a name cannot be empty');
    const most = SESSION_NAME_BYTES - 1;
    if (bytes.length > most) refuse(`a name has at most ${most} bytes, this one ${bytes.length}`);
    return name;
  }

  #link(view: DataView, at: number): void {
    const { name, fileSet } = readSessionRecord(view, at);
    if (name === null) {
      throw new LuoError('EINVAL', 'deserialize', {}, 'the name of a session is not terminated');
    }
    if (this.incoming.has(name)) {
      const detail = 'two sessions of this name were handed over';
      throw new LuoError('EEXIST', 'deserialize', { session: name }, detail);
    }
    const session = new SessionEntry(name, 'incoming', this.#engine);
    this.incoming.set(name, session);
    try {
      session.files.deserialize(fileSet);
    } catch (error) {
      if (this.#engine.profile.deserializeErrorsReachOpener) throw error;
      const detail = 'its files were not all restored and nobody was told';
      this.#engine.warn({
        operation: 'deserialize',
        subject: { session: name },
        detail,
        cause: error,
      });
    }
  }
}

/** The longest front part of a name that fits the wire without breaking a character. */
function cutName(name: string): string {
  let kept = '';
  for (const character of name) {
    if (encodeUtf8(kept + character).length >= SESSION_NAME_BYTES) break;
    kept += character;
  }
  return kept;
}
