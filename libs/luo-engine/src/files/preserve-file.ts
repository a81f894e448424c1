import { drive, isPending } from '../concurrency/step';
import { errnoNameOfNumber, HandlerError } from '../errors/errno';
import { failureOf, LuoError } from '../errors/luo-error';
import type { PreserveResult } from '../handlers/file-handler';
import type { HandlerEntry } from '../handlers/handler-registry';
import { highHalf, isU64, lowHalf, splitU64 } from '../wire/little-endian';
import type { FileSetState } from './file-set-state';
import { identityOf } from './held-objects';

/**
 * See `FileSet.preserve`. The order of the checks is the order of the errors (B14, D4). No step: the most frequent call
 * before the reboot, and a generator for each file would cost as much as everything else in it.
 */
export function preserveFile<TFile>(
  set: FileSetState<TFile>,
  token: bigint,
  file: TFile,
): void | Promise<void> {
  if (!isU64(token)) throw set.error('EINVAL', 'preserve', {}, `${String(token)} is no u64 token`);
  if (set.rowOf('preserve', token) >= 0) {
    throw set.error('EEXIST', 'preserve', { token }, 'the token is taken in this session');
  }
  if (set.incoming !== null) {
    throw set.error('EINVAL', 'preserve', { token }, 'the set came from the previous kernel');
  }
  splitU64(token);
  const tokenLow = lowHalf();
  const tokenHigh = highHalf();
  reserveRoom(set, token, tokenLow, tokenHigh);
  if (!set.engine.references.get(file)) {
    set.outgoing.shrink(set.count);
    throw set.error('EBADF', 'preserve', { token }, 'the file is closed or invalid');
  }
  const preserving = set.idlePreserving ?? new Preserving(set);
  set.idlePreserving = null;
  return preserving.start(token, file, tokenLow, tokenHigh);
}

/** Upstream grows before it looks at the file, so ENOSPC and ENOMEM precede EBADF (D1); the seed only counts. */
function reserveRoom<TFile>(
  set: FileSetState<TFile>,
  token: bigint,
  tokenLow: number,
  tokenHigh: number,
): void {
  if (set.engine.profile.fileStorage === 'contiguous') {
    if (set.count < set.countMax) return;
    const detail = `the session is full with ${set.countMax} files; use another one`;
    throw set.error('ENOSPC', 'preserve', { token }, detail);
  }
  try {
    grow(set, tokenLow, tokenHigh);
  } catch (error) {
    set.outgoing.shrink(set.count);
    throw failureOf('preserve', set.subject({ token }), error);
  }
}

/**
 * All the memory that a file will take. After its handler it may not run out, as nobody would undo what the handler did. A
 * full set is told from want of memory first.
 */
function grow<TFile>(set: FileSetState<TFile>, tokenLow: number, tokenHigh: number): void {
  set.outgoing.grow(set.count + 1);
  set.reserveRow(tokenLow, tokenHigh);
}

const NOTHING: unique symbol = Symbol('nothing');

/**
 * One file on its way into a set, with what it holds so far. Each stage calls the next; where a handler answers with a
 * promise, the rest is called when that is settled. Whatever makes a closure is a function of its own: a function that
 * only might make one allocates for it each time. One that nothing waited in is used again for the next file of its set.
 */
export class Preserving<TFile> {
  private file = undefined as TFile;
  private tokenLow = 0;
  private tokenHigh = 0;
  private entry: HandlerEntry<TFile> | null = null;
  private ownerPinned = false;
  private identity: unknown = NOTHING;
  private shared = false;

  constructor(private readonly set: FileSetState<TFile>) {}

  start(token: bigint, file: TFile, tokenLow: number, tokenHigh: number): void | Promise<void> {
    const { set } = this;
    this.file = file;
    this.tokenLow = tokenLow;
    this.tokenHigh = tokenHigh;
    let waiting: void | Promise<void>;
    try {
      if (set.engine.profile.fileStorage === 'contiguous') grow(set, tokenLow, tokenHigh);
      waiting = this.choose(0);
    } catch (error) {
      return this.fail(token, error);
    }
    if (waiting !== undefined) return this.failLater(token, waiting);
    this.rest();
  }

  /** The file is in its set: what was held for it is the set's now, and nothing of it may undo a later failure. */
  private rest(): void {
    this.file = undefined as TFile;
    this.entry = null;
    this.ownerPinned = false;
    this.identity = NOTHING;
    this.shared = false;
    this.set.idlePreserving = this;
  }

  private failLater(token: bigint, waiting: Promise<void>): Promise<void> {
    return waiting.catch((error: unknown) => this.fail(token, error));
  }

  /** Asks the handlers from one on; the first that can takes the file (B16). */
  private choose(from: number): void | Promise<void> {
    const { entries } = this.set.engine.registry;
    for (let i = from; i < entries.length; i++) {
      const entry = entries[i] as HandlerEntry<TFile>;
      this.entry = entry;
      const answer = entry.handler.canPreserve(this.file);
      if (isPending(answer)) return this.chooseLater(answer, entry, i);
      if (answer) return this.hold(entry);
    }
    this.entry = null;
    throw new LuoError('ENOENT', 'preserve', {}, 'no registered handler takes this kind of file');
  }

  private async chooseLater(
    answer: PromiseLike<boolean>,
    entry: HandlerEntry<TFile>,
    asked: number,
  ): Promise<void> {
    return (await answer) === true ? this.hold(entry) : this.choose(asked + 1);
  }

  /** Pins the handler's owner and notes the object's identity, where the profile wants it (D3, D8). */
  private hold(entry: HandlerEntry<TFile>): void | Promise<void> {
    const { profile, heldObjects } = this.set.engine;
    const { handler } = entry;
    if (profile.ownerPinnedBy === 'file' && handler.owner !== undefined) {
      if (!handler.owner.tryGet()) {
        throw new LuoError('ENOENT', 'preserve', {}, 'the owner of its handler is going away');
      }
      this.ownerPinned = true;
    }
    if (profile.preserveOnce) {
      const identity = identityOf(handler, this.file);
      if (!heldObjects.hold(identity, handler.getId !== undefined)) {
        const detail =
          'the object is preserved already, or retrieved and not finished; finish that first';
        throw new LuoError('EBUSY', 'preserve', {}, detail);
      }
      this.identity = identity;
    }
    return entry.sharedObjects.length === 0 ? this.preserve(entry) : this.share(entry);
  }

  /** The objects that files of this handler share come first (S23). */
  private share(entry: HandlerEntry<TFile>): void | Promise<void> {
    const proceed = (): void | Promise<void> => {
      this.shared = true;
      return this.preserve(entry);
    };
    const waiting = drive(this.set.engine.sharedObjects.preserveFor(entry));
    return waiting === undefined ? proceed() : waiting.then(proceed);
  }

  private preserve(entry: HandlerEntry<TFile>): void | Promise<void> {
    const answer = entry.handler.preserve(this.file);
    if (isPending(answer)) return this.addLater(entry, answer);
    this.add(entry, answer);
  }

  private async addLater(
    entry: HandlerEntry<TFile>,
    answer: PromiseLike<PreserveResult<unknown>>,
  ): Promise<void> {
    this.add(entry, await answer);
  }

  /** Any status but 0 is a failure (B17), and so is a handle that is no u64. */
  private add(entry: HandlerEntry<TFile>, result: PreserveResult<unknown>): void {
    const { set, tokenLow, tokenHigh } = this;
    const data = typeof result === 'bigint' ? result : acceptedData(result);
    if (!isU64(data)) throw new HandlerError('EINVAL', `its handle ${String(data)} is no u64`);
    const row = set.files.push(entry, this.file, tokenLow, tokenHigh);
    set.index.add(row, tokenLow, tokenHigh);
    splitU64(data);
    set.files.setData(row, lowHalf(), highHalf());
    if (typeof result !== 'bigint' && result.privateData !== undefined) {
      set.files.privateData.set(row, result.privateData);
    }
    if (this.identity !== NOTHING) set.files.setIdentityHeld(row);
    set.count += 1;
  }

  /** Lets go of all it holds, then throws (B18). */
  private fail(token: bigint, error: unknown): Promise<void> {
    const { set, entry } = this;
    const { sharedObjects, heldObjects, references } = set.engine;
    const end = (): never => {
      if (this.identity !== NOTHING) heldObjects.letGo(this.identity);
      if (this.ownerPinned) entry?.handler.owner?.put();
      references.put(this.file);
      set.outgoing.shrink(set.count);
      const compatible = entry?.handler.compatible;
      const subject = set.subject(compatible === undefined ? { token } : { token, compatible });
      throw failureOf('preserve', subject, error);
    };
    const waiting =
      entry !== null && this.shared ? drive(sharedObjects.unpreserveFor(entry)) : undefined;
    return waiting === undefined ? end() : waiting.then(end);
  }
}

function acceptedData(result: Exclude<PreserveResult<unknown>, bigint>): bigint {
  const { data, status = 0 } = result;
  if (status !== 0) throw new HandlerError(errnoNameOfNumber(Math.abs(status)), `status ${status}`);
  return data;
}
