import type { HostUpdateKind } from '../host-update/host-update.state';
import type { RolloutKind } from '../rollout/rollout.state';

/**
 * Why a thing does not move, and that in a few words. Order is the order of interest when a report is shortened: what
 * needs a person first, what is merely waiting for its turn last.
 */
export const WAITS = {
  /** More host updates failed than the strategy allows; an operator decides. */
  FAILURE_BUDGET_SPENT: 'failure budget spent',
  /** An operator paused the rollout. */
  ROLLOUT_PAUSED: 'rollout paused',
  /** The rollout is being aborted; this still has to end. */
  ABORTING: 'rollout aborting',
  /** Next in line, but the host's agent is not connected. */
  HOST_OFFLINE: 'host offline',
  /** Next in line, but another rollout's update is in flight on the host. */
  HOST_BUSY: 'host busy',
  /** Finish was refused; asked again at `untilMs`. */
  HELD_UNTIL: 'finish held',
  /** A rollback was asked for; given up at `untilMs`. */
  ROLLING_BACK: 'rolling back',
  /** A phase was asked for; given up at `untilMs`. */
  DEADLINE_RUNNING: 'in progress',
  /** Next in line, but `maxConcurrent` host updates are in flight. */
  WAITS_FOR_SLOT: 'all slots taken',
  /** An earlier wave has not ended. */
  WAITS_FOR_WAVE: 'earlier wave',
  /** Nothing starts in a rollout that has ended. */
  ROLLOUT_ENDED: 'rollout ended',
} as const;

export type WaitCode = keyof typeof WAITS;

export const WAIT_CODES = Object.keys(WAITS) as readonly WaitCode[];

export type WaitSubject =
  | { readonly kind: 'rollout' }
  | { readonly kind: 'wave'; readonly index: number }
  | {
      readonly kind: 'host-update';
      readonly id: string;
      readonly hostId: string;
      readonly hostName: string;
      readonly waveIndex: number;
    };

export interface Wait {
  readonly subject: WaitSubject;
  readonly code: WaitCode;
  /** A sentence for people. */
  readonly detail: string;
  /** When it stops waiting at the latest, milliseconds since the epoch, where that is known. */
  readonly untilMs?: number;
}

/** How the rollout stands after the plan's effects, and why each thing that does not move is waiting. */
export interface PlanReport {
  readonly rollout: RolloutKind;
  /** One line for people: `12 of 40 done, wave 2 of 4; 3 wait: host offline`. */
  readonly headline: string;
  readonly hostUpdatesTotal: number;
  readonly countsByState: Readonly<Record<HostUpdateKind, number>>;
  readonly failures: number;
  readonly failuresAccepted: number;
  /** How many more host updates may fail before the rollout pauses. */
  readonly failuresLeft: number;
  readonly inFlight: number;
  /** Index of the first wave that has not ended; null when all have. */
  readonly waveIndex: number | null;
  readonly wavesTotal: number;
  /** Host updates that wait, by code; also those that a shortened report leaves out. */
  readonly waitCounts: Readonly<Partial<Record<WaitCode, number>>>;
  /** The rollout and waves first, then host updates in the rollout's order. */
  readonly waits: readonly Wait[];
  /** Entries that `shortenReport` left out. */
  readonly waitsLeftOut: number;
}

/** Keeps at most `waitsMax` entries, those first that need a person, in their order. */
export function shortenReport(report: PlanReport, waitsMax: number): PlanReport {
  if (report.waits.length <= waitsMax) return report;
  const byCode = new Map<WaitCode, Wait[]>(WAIT_CODES.map((code) => [code, []]));
  for (const wait of report.waits) byCode.get(wait.code)?.push(wait);
  const kept = new Set([...byCode.values()].flat().slice(0, waitsMax));
  return {
    ...report,
    waits: report.waits.filter((wait) => kept.has(wait)),
    waitsLeftOut: report.waitsLeftOut + report.waits.length - kept.size,
  };
}
