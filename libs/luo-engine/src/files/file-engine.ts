import type { WarningSink } from '../errors/luo-error';
import type { SharedObjects } from '../flb/shared-objects';
import type { FileReferences } from '../handlers/file-handler';
import type { HandlerRegistry } from '../handlers/handler-registry';
import type { HandoverMemory } from '../memory/handover-memory';
import type { Profile } from '../profile';
import type { HeldObjects } from './held-objects';

/** What all file sets of one orchestrator share. */
export interface FileEngine<TFile> {
  readonly profile: Profile;
  readonly memory: HandoverMemory;
  readonly registry: HandlerRegistry<TFile>;
  readonly sharedObjects: SharedObjects<TFile>;
  readonly references: FileReferences<TFile>;
  /** Objects that are preserved, or retrieved and not finished, in any session (D3). */
  readonly heldObjects: HeldObjects<TFile>;
  readonly warn: WarningSink;
}

/** References of a runtime that has none: any file but null and undefined is valid. */
export function uncountedReferences<TFile>(): FileReferences<TFile> {
  return { get: (file) => file !== null && file !== undefined, put: () => undefined };
}
