import { COMMAND_PHASES } from './phase';

/** What a release replaces. */
export const RELEASE_KINDS = ['kernel', 'runtime'] as const;
export type ReleaseKind = (typeof RELEASE_KINDS)[number];

/** What an agent has to understand to carry an update to such a release through, in the words of its hello. */
export function capabilitiesFor(kind: ReleaseKind): readonly string[] {
  return [releaseCapability(kind), ...COMMAND_PHASES.map(phaseCapability)];
}

/** What an agent understands that takes these kinds of releases and knows these phases. */
export function capabilitiesOf(
  kinds: readonly ReleaseKind[],
  phases: readonly string[],
): readonly string[] {
  return [...kinds.map(releaseCapability), ...phases.map(phaseCapability)];
}

const releaseCapability = (kind: ReleaseKind): string => `release:${kind}`;
const phaseCapability = (phase: string): string => `phase:${phase}`;
