import { isPending, type Step } from '../concurrency/step';
import type { FileSetState } from './file-set-state';

/** See `FileSet.unpreserveAll`. Last first; nothing in it can fail (B22). */
export function* unpreserveFiles<TFile>(set: FileSetState<TFile>): Step<void> {
  const { engine, files } = set;
  for (let row = files.length - 1; row >= 0; row--) {
    const entry = files.entryAt(row);
    const file = files.fileAt(row) as TFile;
    try {
      const answer = entry.handler.unpreserve(files.at(row).outgoing);
      if (isPending(answer)) yield answer;
    } catch (cause) {
      const subject = set.subject(files.at(row).subject);
      const detail = 'unpreserve threw; it must not';
      engine.warn({ operation: 'unpreserve', subject, detail, cause });
    }
    if (entry.sharedObjects.length > 0) yield* engine.sharedObjects.unpreserveFor(entry);
    engine.heldObjects.left(set, row);
    if (engine.profile.ownerPinnedBy === 'file') entry.handler.owner?.put();
    files.pop();
    set.count -= 1;
    engine.references.put(file);
  }
  set.index.clear();
  set.outgoing.destroy();
}
