// Ends of phases that every backend of a real host words alike. Pure.
import {
  endedOtherwise,
  succeeded,
  type PhaseEnd,
  type Release,
  type SessionStatus,
} from '../model/command';
import { reasonOf, type Reason } from '../model/reason';
import type { WorkloadHealth } from './backend';
import { withState } from './session-status';

const unpreserved = (sessions: SessionStatus[]) =>
  withState(sessions, 'unpreserved', 'unpreserved');

export const rolledBack = (reason: Reason, sessions: SessionStatus[] = []): PhaseEnd =>
  endedOtherwise('rolled-back', reason, unpreserved(sessions));

/** The end of a rollback that released these sessions; without any, the ones last reported. */
export function rollbackDone(
  released: SessionStatus[],
  lastSessions: SessionStatus[],
  wasFrozen: boolean,
): PhaseEnd {
  const end = succeeded(unpreserved(released.length > 0 ? released : lastSessions));
  return wasFrozen ? { ...end, resumedAtMs: Date.now() } : end;
}

export const finishVetoed = (words: string, sessions: SessionStatus[]): PhaseEnd =>
  endedOtherwise('refused', reasonOf('FINISH_VETOED', words), sessions);

export const noRelease = (): Reason => reasonOf('RELEASE_MISSING', 'the command names no release');

/** This memory has nothing that the phase could go on with. */
export function nothingLeftFor(phase: 'freeze' | 'reboot' | 'retrieve'): Reason {
  const what = phase === 'reboot' ? 'frozen' : 'preserved';
  return reasonOf(
    phase === 'reboot' ? 'NOT_FROZEN' : 'SESSIONS_GONE',
    `${phase} finds nothing ${what}: the agent restarted or thawed since`,
  );
}

/** Why this host can not take such a release, or does not stand well enough for any; null when neither. */
export function unfitFor(
  release: Release,
  takes: { kind: string; words: string },
  health: readonly WorkloadHealth[],
): Reason | null {
  if (release.kind !== takes.kind) {
    const detail = `release ${release.name} is a ${release.kind}; this host takes ${takes.words}`;
    return reasonOf('UNSUPPORTED', detail, { subject: `release ${release.name}` });
  }
  const idle = health.find(({ state }) => state !== 'serving');
  if (idle === undefined) return null;
  const detail = `workload ${idle.name} is ${idle.state}${idle.detail && `: ${idle.detail}`}`;
  return reasonOf('WORKLOAD_NOT_SERVING', detail, { subject: `workload ${idle.name}` });
}

/** Why the release can not restore what is preserved by these handlers; null when it can. */
export function handlerMissing(release: Release, inUse: readonly string[]): Reason | null {
  const missing = inUse.filter((name) => !release.handlers.includes(name));
  if (missing.length === 0) return null;
  const detail = `release ${release.name} can not restore ${missing.join(', ')}, which workloads here need`;
  return reasonOf('HANDLER_MISSING', detail, { subject: `release ${release.name}` });
}
