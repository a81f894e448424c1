import { isPending, type Step } from '../concurrency/step';
import { HandlerError } from '../errors/errno';
import { failureOf, type LuoError } from '../errors/luo-error';
import { highHalf, isU64, lowHalf, splitU64 } from '../wire/little-endian';
import { identityOf } from './file-engine';
import type { FileSet } from './file-set';
import type { LuoFile } from './luo-file';

/** See `FileSet.retrieve`. */
export function* retrieveFile<TFile>(set: FileSet<TFile>, token: bigint): Step<TFile> {
  const { engine, files } = set;
  if (!isU64(token)) throw set.error('EINVAL', 'retrieve', {}, `${String(token)} is no u64 token`);
  splitU64(token);
  const luoFile = files[set.index.find(lowHalf(), highHalf())];
  if (luoFile === undefined) {
    throw set.error('ENOENT', 'retrieve', { token }, 'no file of this session has this token');
  }
  if (luoFile.retrieveError !== null) throw luoFile.retrieveError;
  if (luoFile.retrieveStatus > 0) {
    const file = luoFile.file as TFile;
    if (!engine.references.get(file)) {
      throw set.error(
        'EBADF',
        'retrieve',
        { token },
        'the retrieved file was closed behind the engine',
      );
    }
    return file;
  }
  try {
    const answer = luoFile.entry.handler.retrieve(luoFile);
    const file = isPending(answer) ? ((yield answer) as TFile) : answer;
    if (!engine.references.get(file)) throw new HandlerError('EBADF', 'it returned no valid file');
    luoFile.file = file;
    luoFile.retrieveStatus = 1;
    if (engine.profile.preserveOnce) noteIdentity(set, luoFile, file);
    return file;
  } catch (thrown) {
    const failure = failureOf('retrieve', set.subject(luoFile.subject), thrown);
    if (engine.profile.stickyRetrieve) keepFailure(luoFile, failure);
    throw failure;
  }
}

/** A retrieved file cannot be preserved for the next reboot before it is finished (D3). */
function noteIdentity<TFile>(set: FileSet<TFile>, luoFile: LuoFile<TFile>, file: TFile): void {
  const { identities, warn } = set.engine;
  const identity = identityOf(luoFile.entry.handler, file);
  if (identities.has(identity)) {
    const detail = 'retrieve returned an object that is preserved or retrieved already';
    warn({ operation: 'retrieve', subject: set.subject(luoFile.subject), detail });
    return;
  }
  identities.add(identity);
  luoFile.identityHeld = true;
}

/** Handlers free their state when retrieve fails, so asking again could only do harm (D2). */
function keepFailure<TFile>(luoFile: LuoFile<TFile>, failure: LuoError): void {
  luoFile.retrieveStatus = -failure.errno;
  luoFile.retrieveError = failure;
}
