/** The steps of one host update, in the order they happen. */
export const PHASES = [
  'preflight',
  'preserve',
  'freeze',
  'reboot',
  'retrieve',
  'finish',
  'verify',
] as const;

export type Phase = (typeof PHASES)[number];

/** What a command asks of an agent: a phase, or the undo of preserve and freeze. */
export type CommandPhase = Phase | 'rollback';

/**
 * Phases whose commands are issued together, each after the one before it has succeeded on the host, so that no
 * network round trip lies inside the blackout.
 */
export const BLACKOUT_CHAIN = ['freeze', 'reboot', 'retrieve'] as const satisfies readonly Phase[];

/** The phase that follows once a phase has succeeded; null after the last. */
export const NEXT_PHASE: Readonly<Record<Phase, Phase | null>> = {
  preflight: 'preserve',
  preserve: 'freeze',
  freeze: 'reboot',
  reboot: 'retrieve',
  retrieve: 'finish',
  finish: 'verify',
  verify: null,
};

const PHASE_ORDER: Readonly<Record<Phase, number>> = {
  preflight: 0,
  preserve: 1,
  freeze: 2,
  reboot: 3,
  retrieve: 4,
  finish: 5,
  verify: 6,
};

/** Negative when `a` happens before `b`, 0 when they are the same, positive otherwise. */
export function comparePhases(a: Phase, b: Phase): number {
  return PHASE_ORDER[a] - PHASE_ORDER[b];
}

/**
 * Whether the control plane may still ask for a rollback. The point of no return lies inside reboot, and only the
 * host knows the moment, so from reboot on nothing is undone on the control plane's word.
 */
export function isBeforePointOfNoReturn(phase: Phase): boolean {
  return comparePhases(phase, 'reboot') < 0;
}

/** Whether `later` is issued in the same batch as `phase` and cannot have run before `phase` succeeded. */
export function isLaterInBlackoutChain(phase: Phase, later: Phase): boolean {
  const chain: readonly Phase[] = BLACKOUT_CHAIN;
  return chain.includes(phase) && chain.includes(later) && comparePhases(later, phase) > 0;
}
