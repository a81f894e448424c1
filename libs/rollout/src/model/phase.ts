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
export const COMMAND_PHASES = [...PHASES, 'rollback'] as const;

export type CommandPhase = (typeof COMMAND_PHASES)[number];

/**
 * Phases whose commands are issued together, each after the one before it has succeeded on the host, so that no
 * network round trip lies inside the blackout.
 */
export const BLACKOUT_CHAIN = ['freeze', 'reboot', 'retrieve'] as const satisfies readonly Phase[];

/** The phase that follows once a phase has succeeded; null after the last. */
export function nextPhase(phase: Phase): Phase | null {
  return PHASES[PHASES.indexOf(phase) + 1] ?? null;
}

/** Negative when `a` happens before `b`, 0 when they are the same, positive otherwise. */
export function comparePhases(a: Phase, b: Phase): number {
  return PHASES.indexOf(a) - PHASES.indexOf(b);
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
