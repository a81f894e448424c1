import { isPending, type Awaitable } from '../concurrency/step';
import { HandlerError } from '../errors/errno';
import { failureOf, type LuoError } from '../errors/luo-error';
import { highHalf, isU64, lowHalf, splitU64 } from '../wire/little-endian';
import { addIdentity, identityOf } from './file-engine';
import type { FileSet } from './file-set';
import type { LuoFile } from './luo-file';

/** See `FileSet.retrieve`. No step: one callback, and the most frequent call after the reboot. */
export function retrieveFile<TFile>(set: FileSet<TFile>, token: bigint): TFile | Promise<TFile> {
  const { engine, files } = set;
  if (!isU64(token)) throw set.error('EINVAL', 'retrieve', {}, `${String(token)} is no u64 token`);
  splitU64(token);
  const row = set.index.find(lowHalf(), highHalf());
  if (row < 0) {
    throw set.error('ENOENT', 'retrieve', { token }, 'no file of this session has this token');
  }
  const luoFile = files.at(row);
  if (luoFile.retrieveStatus < 0) throw luoFile.retrieveError;
  if (luoFile.retrieveStatus > 0) {
    const file = luoFile.file as TFile;
    if (engine.references.get(file)) return file;
    throw set.error(
      'EBADF',
      'retrieve',
      { token },
      'the retrieved file was closed behind the engine',
    );
  }
  let answer: Awaitable<TFile>;
  try {
    answer = luoFile.entry.handler.retrieve(luoFile);
  } catch (thrown) {
    throw refused(set, luoFile, thrown);
  }
  if (!isPending(answer)) return keep(set, luoFile, answer);
  return Promise.resolve(answer).then(
    (file) => keep(set, luoFile, file),
    (thrown: unknown) => {
      throw refused(set, luoFile, thrown);
    },
  );
}

/** The caller gets the handler's reference, the engine takes one of its own until finish (B40). */
function keep<TFile>(set: FileSet<TFile>, luoFile: LuoFile<TFile>, file: TFile): TFile {
  const { profile, references } = set.engine;
  if (!references.get(file)) {
    throw refused(set, luoFile, new HandlerError('EBADF', 'it returned no valid file'));
  }
  luoFile.file = file;
  luoFile.retrieveStatus = 1;
  if (profile.preserveOnce) noteIdentity(set, luoFile, file);
  return file;
}

/** Handlers free their state when retrieve fails, so asking again could only do harm (D2, but B41). */
function refused<TFile>(set: FileSet<TFile>, luoFile: LuoFile<TFile>, thrown: unknown): LuoError {
  const failure = failureOf('retrieve', set.subject(luoFile.subject), thrown);
  if (set.engine.profile.stickyRetrieve) {
    luoFile.retrieveStatus = -failure.errno;
    luoFile.retrieveError = failure;
  }
  return failure;
}

/** A retrieved file cannot be preserved for the next reboot before it is finished (D3). */
function noteIdentity<TFile>(set: FileSet<TFile>, luoFile: LuoFile<TFile>, file: TFile): void {
  const { identities, warn } = set.engine;
  if (!addIdentity(identities, identityOf(luoFile.entry.handler, file))) {
    const detail = 'retrieve returned an object that is preserved or retrieved already';
    warn({ operation: 'retrieve', subject: set.subject(luoFile.subject), detail });
    return;
  }
  luoFile.identityHeld = true;
}
