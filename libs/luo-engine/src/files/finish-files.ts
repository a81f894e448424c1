import { isPending, type Step } from '../concurrency/step';
import { LuoError } from '../errors/luo-error';
import { identityOf } from './file-engine';
import type { FileSet } from './file-set';

/** See `FileSet.finish`. Asks everybody first, so that a veto changes nothing (B44). */
export function* finishFiles<TFile>(set: FileSet<TFile>): Step<void> {
  if (set.count === 0) return;
  yield* askEveryFile(set);
  const { engine, files } = set;
  while (files.length > 0) {
    const luoFile = files.at(files.length - 1);
    const { entry, file } = luoFile;
    try {
      const answer = entry.handler.finish(luoFile.finishing);
      if (isPending(answer)) yield answer;
    } catch (cause) {
      const detail = 'finish threw; it must not';
      engine.warn({ operation: 'finish', subject: set.subject(luoFile.subject), detail, cause });
    }
    if (entry.sharedObjects.length > 0) yield* engine.sharedObjects.finishFor(entry);
    if (file !== null) {
      if (luoFile.identityHeld) engine.identities.delete(identityOf(entry.handler, file));
      engine.references.put(file);
    }
    if (engine.profile.ownerPinnedBy === 'file') entry.handler.owner?.put();
    files.pop();
    set.count -= 1;
  }
  set.index.clear();
  set.incoming?.free();
  set.incoming = null;
}

function* askEveryFile<TFile>(set: FileSet<TFile>): Step<void> {
  for (const luoFile of set.files) {
    const { handler } = luoFile.entry;
    if (handler.canFinish === undefined) continue;
    let able: boolean;
    let cause: unknown;
    try {
      const answer = handler.canFinish(luoFile.finishing);
      able = isPending(answer) ? (yield answer) === true : answer;
    } catch (thrown) {
      able = false;
      cause = thrown;
    }
    if (able) continue;
    const detail = 'the handler does not let go yet; nothing was finished, try again later';
    const options = cause === undefined ? undefined : { cause };
    throw new LuoError('EBUSY', 'finish', set.subject(luoFile.subject), detail, options);
  }
}
