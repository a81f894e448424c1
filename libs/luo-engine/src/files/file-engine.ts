import type { WarningSink } from '../errors/luo-error';
import type { SharedObjects } from '../flb/shared-objects';
import type { FileHandler, FileReferences } from '../handlers/file-handler';
import type { HandlerRegistry } from '../handlers/handler-registry';
import type { HandoverMemory } from '../memory/handover-memory';
import type { Profile } from '../profile';

/** What all file sets of one orchestrator share. */
export interface FileEngine<TFile> {
  readonly profile: Profile;
  readonly memory: HandoverMemory;
  readonly registry: HandlerRegistry<TFile>;
  readonly sharedObjects: SharedObjects<TFile>;
  readonly references: FileReferences<TFile>;
  /** Identities of objects that are preserved, or retrieved and not finished, in any session (D3). */
  readonly identities: Set<unknown>;
  readonly warn: WarningSink;
}

/** The object behind a file: what is preserved at most once (D3). */
export function identityOf<TFile>(handler: FileHandler<TFile>, file: TFile): unknown {
  return handler.getId === undefined ? file : handler.getId(file);
}

/** Adds an identity; false when it was there. One hash of the object instead of two. */
export function addIdentity(identities: Set<unknown>, identity: unknown): boolean {
  const before = identities.size;
  return identities.add(identity).size > before;
}

/** References of a runtime that has none: any file but null and undefined is valid. */
export function uncountedReferences<TFile>(): FileReferences<TFile> {
  return { get: (file) => file !== null && file !== undefined, put: () => undefined };
}
