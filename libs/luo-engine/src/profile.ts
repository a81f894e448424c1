/**
 * DOC: profiles
 *
 * The same file layer exists twice: as the seed document describes it, and as Linux 7.3 carries it. A profile
 * is the complete list of what differs; the engine never asks for a profile's name, only for one of these
 * answers. `docs/luo-engine-profiles.md` has one row for each property; a spec checks that.
 */
export interface Profile {
  readonly name: ProfileName;
  /** `contiguous`: one buffer per file set; `blocks`: a chain of one-page blocks that grows (B1, B2, D1). */
  readonly fileStorage: 'contiguous' | 'blocks';
  /** Pages of the contiguous buffer; the file limit follows from them (B2). */
  readonly filePages: number;
  /** Most blocks of one chain; with 4 KiB pages 10,000 blocks hold 630,000 files or 510,000 sessions (D1, D10). */
  readonly blocksMax: number;
  /** Most outgoing sessions, where that limit is not the chain's (D10). */
  readonly sessionsMax: number | null;
  /** The first failure of retrieve is kept and repeated (D2) instead of asking the handler again (B41). */
  readonly stickyRetrieve: boolean;
  /** The same object is preserved at most once over all sessions, else EBUSY (D3); otherwise B20. */
  readonly preserveOnce: boolean;
  /** Unfreeze sets the data handle to 0 (B30); otherwise it is kept and a failed reboot can be retried (D5). */
  readonly unfreezeClearsHandle: boolean;
  /** Handlers register and unregister only while no session exists, else EBUSY (B9, B13); otherwise D8. */
  readonly quiescentRegistration: boolean;
  /** What the handler's owner is pinned by: its registration (B11) or each file (D8). */
  readonly ownerPinnedBy: 'registration' | 'file';
  /** A failed file deserialisation reaches open() as EIO (D6, S4) instead of being ignored (B37). */
  readonly deserializeErrorsReachOpener: boolean;
  /** The file count is taken from the wire unchecked and kept on failure (B36); otherwise D6. */
  readonly trustsWireCount: boolean;
  /** An empty or overlong session name is EINVAL (D10); otherwise it is cut and taken. */
  readonly checksSessionNames: boolean;
  /** Shared objects (FLB) exist (D12, S23, S24). */
  readonly sharedObjects: boolean;
}

export type ProfileName = 'seed' | 'upstream';

/** Most blocks of a chain in Linux 7.3: bounds the damage of a corrupt chain. */
const KERNEL_BLOCKS_MAX = 10_000;

/** The seed document to the letter. Session layer: Linux 6.19, the one that goes with it. */
export const SEED_PROFILE: Profile = {
  name: 'seed',
  fileStorage: 'contiguous',
  filePages: 2,
  blocksMax: KERNEL_BLOCKS_MAX,
  sessionsMax: 744,
  stickyRetrieve: false,
  preserveOnce: false,
  unfreezeClearsHandle: true,
  quiescentRegistration: true,
  ownerPinnedBy: 'registration',
  deserializeErrorsReachOpener: false,
  trustsWireCount: true,
  checksSessionNames: false,
  sharedObjects: false,
};

/** Linux 7.3. The default. */
export const UPSTREAM_PROFILE: Profile = {
  name: 'upstream',
  fileStorage: 'blocks',
  filePages: 2,
  blocksMax: KERNEL_BLOCKS_MAX,
  sessionsMax: null,
  stickyRetrieve: true,
  preserveOnce: true,
  unfreezeClearsHandle: false,
  quiescentRegistration: false,
  ownerPinnedBy: 'file',
  deserializeErrorsReachOpener: true,
  trustsWireCount: false,
  checksSessionNames: true,
  sharedObjects: true,
};

/** Resolves a profile given by name or whole, for example `{ ...UPSTREAM_PROFILE, blocksMax: 2 }`. */
export function resolveProfile(profile: Profile | ProfileName = 'upstream'): Profile {
  if (typeof profile !== 'string') return profile;
  return profile === 'seed' ? SEED_PROFILE : UPSTREAM_PROFILE;
}
