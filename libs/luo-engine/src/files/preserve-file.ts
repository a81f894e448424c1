import { isPending, type Step } from '../concurrency/step';
import { errnoNameOfNumber, HandlerError } from '../errors/errno';
import { failureOf, LuoError } from '../errors/luo-error';
import type { Preservation, PreserveResult } from '../handlers/file-handler';
import type { HandlerEntry } from '../handlers/handler-registry';
import { highHalf, isU64, lowHalf, splitU64 } from '../wire/little-endian';
import { addIdentity, identityOf } from './file-engine';
import type { FileSet } from './file-set';

/** See `FileSet.preserve`. The order of the checks is the order of the errors (B14, D4). */
export function* preserveFile<TFile>(set: FileSet<TFile>, token: bigint, file: TFile): Step<void> {
  const { engine } = set;
  if (!isU64(token)) throw set.error('EINVAL', 'preserve', {}, `${String(token)} is no u64 token`);
  splitU64(token);
  const tokenLow = lowHalf();
  const tokenHigh = highHalf();
  if (set.index.find(tokenLow, tokenHigh) >= 0) {
    throw set.error('EEXIST', 'preserve', { token }, 'the token is taken in this session');
  }
  if (set.incoming !== null) {
    throw set.error('EINVAL', 'preserve', { token }, 'the set came from the previous kernel');
  }
  reserveRoom(set, token);
  if (!engine.references.get(file)) {
    set.outgoing.shrink(set.count);
    throw set.error('EBADF', 'preserve', { token }, 'the file is closed or invalid');
  }
  const held: Held<TFile> = { entry: null, ownerPinned: false, identity: NOTHING, shared: false };
  try {
    if (engine.profile.fileStorage === 'contiguous') set.outgoing.grow(set.count + 1);
    for (const entry of engine.registry.entries) {
      held.entry = entry;
      const answer = entry.handler.canPreserve(file);
      if (isPending(answer) ? (yield answer) === true : answer) break;
      held.entry = null;
    }
    const entry = hold(set, held, file);
    if (entry.sharedObjects.length > 0) {
      yield* engine.sharedObjects.preserveFor(entry);
      held.shared = true;
    }
    const answer = entry.handler.preserve(file);
    const result = isPending(answer) ? ((yield answer) as PreserveResult<unknown>) : answer;
    const { data, privateData } = accepted(result);
    const row = set.files.length;
    set.files.push(entry, file, tokenLow, tokenHigh);
    const luoFile = set.files.at(row);
    luoFile.data = data;
    luoFile.privateData = privateData;
    luoFile.identityHeld = held.identity !== NOTHING;
    set.index.add(row);
    set.count += 1;
  } catch (error) {
    yield* letGo(set, held);
    engine.references.put(file);
    set.outgoing.shrink(set.count);
    const compatible = held.entry?.handler.compatible;
    const subject = set.subject(compatible === undefined ? { token } : { token, compatible });
    throw failureOf('preserve', subject, error);
  }
}

const NOTHING: unique symbol = Symbol('nothing');

/** What a preserve in progress holds and must let go of when it fails. */
interface Held<TFile> {
  entry: HandlerEntry<TFile> | null;
  ownerPinned: boolean;
  identity: unknown;
  shared: boolean;
}

/** Upstream grows before it looks at the file, so ENOSPC and ENOMEM precede EBADF (D1); the seed only counts. */
function reserveRoom<TFile>(set: FileSet<TFile>, token: bigint): void {
  if (set.engine.profile.fileStorage === 'contiguous') {
    if (set.count < set.countMax) return;
    const detail = `the session is full with ${set.countMax} files; use another one`;
    throw set.error('ENOSPC', 'preserve', { token }, detail);
  }
  try {
    set.outgoing.grow(set.count + 1);
  } catch (error) {
    throw failureOf('preserve', set.subject({ token }), error);
  }
}

/** Pins the handler's owner and notes the object's identity, where the profile wants it (D3, D8). */
function hold<TFile>(set: FileSet<TFile>, held: Held<TFile>, file: TFile): HandlerEntry<TFile> {
  const { profile, identities } = set.engine;
  const { entry } = held;
  if (entry === null) {
    throw new LuoError('ENOENT', 'preserve', {}, 'no registered handler takes this kind of file');
  }
  const { handler } = entry;
  if (profile.ownerPinnedBy === 'file' && handler.owner !== undefined) {
    if (!handler.owner.tryGet()) {
      throw new LuoError('ENOENT', 'preserve', {}, 'the owner of its handler is going away');
    }
    held.ownerPinned = true;
  }
  if (profile.preserveOnce) {
    const identity = identityOf(handler, file);
    if (!addIdentity(identities, identity)) {
      const detail =
        'the object is preserved already, or retrieved and not finished; finish that first';
      throw new LuoError('EBUSY', 'preserve', {}, detail);
    }
    held.identity = identity;
  }
  return entry;
}

/** What a success brought; any other status is a failure (B17), and so is a handle that is no u64. */
function accepted(result: PreserveResult<unknown>): Preservation {
  const preservation = typeof result === 'bigint' ? { data: result } : result;
  const { data, status = 0 } = preservation;
  if (status !== 0) throw new HandlerError(errnoNameOfNumber(Math.abs(status)), `status ${status}`);
  if (!isU64(data)) throw new HandlerError('EINVAL', `its handle ${String(data)} is no u64`);
  return preservation;
}

function* letGo<TFile>(set: FileSet<TFile>, held: Held<TFile>): Step<void> {
  const { engine } = set;
  if (held.entry === null) return;
  if (held.shared) yield* engine.sharedObjects.unpreserveFor(held.entry);
  if (held.identity !== NOTHING) engine.identities.delete(held.identity);
  if (held.ownerPinned) held.entry.handler.owner?.put();
}
