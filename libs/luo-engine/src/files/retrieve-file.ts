import { isPending, type Awaitable } from '../concurrency/step';
import { HandlerError } from '../errors/errno';
import { failureOf, type LuoError } from '../errors/luo-error';
import { isU64 } from '../wire/little-endian';
import type { FileSetState } from './file-set-state';

/** See `FileSet.retrieve`. No step: one callback, and the most frequent call after the reboot. */
export function retrieveFile<TFile>(
  set: FileSetState<TFile>,
  token: bigint,
): TFile | Promise<TFile> {
  const { files } = set;
  if (!isU64(token)) throw set.error('EINVAL', 'retrieve', {}, `${String(token)} is no u64 token`);
  const row = set.rowOf('retrieve', token);
  if (row < 0) {
    throw set.error('ENOENT', 'retrieve', { token }, 'no file of this session has this token');
  }
  if (files.retrieveStatusAt(row) !== 0) return retrievedBefore(set, row);
  let answer: Awaitable<TFile>;
  try {
    answer = files.entryAt(row).handler.retrieve(files.at(row));
  } catch (thrown) {
    throw refused(set, row, thrown);
  }
  return isPending(answer) ? keepLater(set, row, answer) : keep(set, row, answer);
}

async function keepLater<TFile>(
  set: FileSetState<TFile>,
  row: number,
  answer: PromiseLike<TFile>,
): Promise<TFile> {
  let file: TFile;
  try {
    file = await answer;
  } catch (thrown) {
    throw refused(set, row, thrown);
  }
  return keep(set, row, file);
}

/** The same object (B39), or the same failure (D2). */
function retrievedBefore<TFile>(set: FileSetState<TFile>, row: number): TFile {
  const { files, engine } = set;
  const failure = files.retrieveErrors.get(row);
  if (failure !== undefined) throw failure;
  const file = files.fileAt(row) as TFile;
  if (engine.references.get(file)) return file;
  const { token } = files.at(row);
  throw set.error(
    'EBADF',
    'retrieve',
    { token },
    'the retrieved file was closed behind the engine',
  );
}

/** The caller gets the handler's reference, the engine takes one of its own until finish (B40). */
function keep<TFile>(set: FileSetState<TFile>, row: number, file: TFile): TFile {
  const { profile, references, heldObjects } = set.engine;
  if (!references.get(file)) {
    throw refused(set, row, new HandlerError('EBADF', 'it returned no valid file'));
  }
  set.files.setRetrieved(row, file);
  if (profile.preserveOnce) heldObjects.retrieved(set, row);
  return file;
}

/** Handlers free their state when retrieve fails, so asking again could only do harm (D2, but B41). */
function refused<TFile>(set: FileSetState<TFile>, row: number, thrown: unknown): LuoError {
  const { files, engine } = set;
  const failure = failureOf('retrieve', set.subject(files.at(row).subject), thrown);
  if (engine.profile.stickyRetrieve) {
    files.setRetrieveStatus(row, -failure.errno);
    files.retrieveErrors.set(row, failure);
  }
  return failure;
}
