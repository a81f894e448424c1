import { isPending, type Step } from '../concurrency/step';
import { LuoError } from '../errors/luo-error';
import type { FileSetState } from './file-set-state';

/** See `FileSet.finish`. Asks everybody first, so that a veto changes nothing (B44). */
export function* finishFiles<TFile>(set: FileSetState<TFile>): Step<void> {
  if (set.count === 0) return;
  const { engine, files } = set;
  for (let row = 0; row < files.length; row++) {
    const { handler } = files.entryAt(row);
    if (handler.canFinish !== undefined) yield* askFile(set, row);
  }
  const { heldObjects, references, sharedObjects } = engine;
  const pinnedByFile = engine.profile.ownerPinnedBy === 'file';
  for (let row = files.length - 1; row >= 0; row--) {
    const entry = files.entryAt(row);
    try {
      const answer = entry.handler.finish(files.at(row));
      if (isPending(answer)) yield answer;
    } catch (cause) {
      const subject = set.subject(files.at(row).subject);
      engine.warn({ operation: 'finish', subject, detail: 'finish threw; it must not', cause });
    }
    if (entry.sharedObjects.length > 0) yield* sharedObjects.finishFor(entry);
    heldObjects.left(set, row);
    const file = files.fileAt(row);
    if (file !== null) references.put(file);
    if (pinnedByFile) entry.handler.owner?.put();
    files.pop();
    set.count -= 1;
  }
  set.index.clear();
  set.incoming?.free();
  set.incoming = null;
}

function* askFile<TFile>(set: FileSetState<TFile>, row: number): Step<void> {
  const luoFile = set.files.at(row);
  let able: boolean | undefined;
  let cause: unknown;
  try {
    const answer = luoFile.entry.handler.canFinish?.(luoFile);
    able = isPending(answer) ? (yield answer) === true : answer;
  } catch (thrown) {
    able = false;
    cause = thrown;
  }
  if (able) return;
  const detail = 'the handler does not let go yet; nothing was finished, try again later';
  const options = cause === undefined ? undefined : { cause };
  throw new LuoError('EBUSY', 'finish', set.subject(luoFile.subject), detail, options);
}
