import { isPending, type Step } from '../concurrency/step';
import { identityOf } from './file-engine';
import type { FileSet } from './file-set';

/** See `FileSet.unpreserveAll`. Last first; nothing in it can fail (B22). */
export function* unpreserveFiles<TFile>(set: FileSet<TFile>): Step<void> {
  const { engine, files } = set;
  while (files.length > 0) {
    const luoFile = files.at(files.length - 1);
    const { entry, file } = luoFile;
    try {
      const answer = entry.handler.unpreserve(luoFile.outgoing);
      if (isPending(answer)) yield answer;
    } catch (cause) {
      const detail = 'unpreserve threw; it must not';
      engine.warn({
        operation: 'unpreserve',
        subject: set.subject(luoFile.subject),
        detail,
        cause,
      });
    }
    if (entry.sharedObjects.length > 0) yield* engine.sharedObjects.unpreserveFor(entry);
    if (luoFile.identityHeld) engine.identities.delete(identityOf(entry.handler, file as TFile));
    if (engine.profile.ownerPinnedBy === 'file') entry.handler.owner?.put();
    files.pop();
    set.count -= 1;
    engine.references.put(file as TFile);
  }
  set.index.clear();
  set.outgoing.destroy();
}
