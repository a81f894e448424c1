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
