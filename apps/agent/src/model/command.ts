// The agent's own words for what the control plane asks and what it answers. They are apart from the generated wire
// types, because those bring the whole gRPC library with them, and nothing of it may be loaded inside the blackout.
import type { Reason } from './reason';

export const phaseNames = [
  'preflight',
  'preserve',
  'freeze',
  'reboot',
  'retrieve',
  'finish',
  'verify',
  'rollback',
] as const;

export type PhaseName = (typeof phaseNames)[number];

/** What an agent understands that takes these kinds of releases, as its hello says it. */
export const capabilitiesOf = (releaseKinds: readonly string[]): string[] => [
  ...releaseKinds.map((kind) => `release:${kind}`),
  ...phaseNames.map((phase) => `phase:${phase}`),
];

export type OutcomeName =
  'succeeded' | 'rolled-back' | 'failed' | 'refused' | 'state-lost' | 'voided';

/** What the host is to become. */
export interface Release {
  name: string;
  version: string;
  kind: string;
  imageUri: string;
  imageSha256: string;
  handlers: string[];
  kernelCommandLine: string;
  initrdUri: string;
  initrdSha256: string;
  luoAbi: string;
  /** 0 or absent where the release states none. */
  imageSizeBytes?: bigint;
  initrdSizeBytes?: bigint;
}

/** One phase of one attempt of one host update. */
export interface AgentCommand {
  key: string;
  hostUpdateId: string;
  rolloutId: string;
  phase: PhaseName;
  attempt: number;
  generation: bigint;
  /** Start only once this command has succeeded here; empty: at once. */
  afterKey: string;
  timeoutMs: number;
  soakMs: number;
  release: Release | null;
}

export type FileStateName =
  | 'preserved'
  | 'frozen'
  | 'unpreserved'
  | 'deserialized'
  | 'retrieved'
  | 'finished'
  | 'failed'
  | 'lost';

export type SessionStateName =
  'preserved' | 'frozen' | 'unpreserved' | 'retrieved' | 'finished' | 'failed' | 'lost';

/** One preserved file as last known here. */
export interface FileStatus {
  token: bigint;
  name: string;
  compatible: string;
  dataHandle: bigint;
  state: FileStateName;
  reason: Reason | null;
  sizeBytes: bigint;
}

export interface SessionStatus {
  name: string;
  workload: string;
  state: SessionStateName;
  files: FileStatus[];
}

/** How a phase ended, as a backend says it. */
export interface PhaseEnd {
  outcome: OutcomeName;
  /** Null only when the outcome is `succeeded`. */
  reason: Reason | null;
  sessions: SessionStatus[];
  /** Host's wall clock, milliseconds since the epoch; 0 while unknown. */
  frozenAtMs: number;
  resumedAtMs: number;
  blackoutMs: number;
}

/** What is journalled and reported for a command. */
export interface AgentResult extends PhaseEnd {
  key: string;
  phase: PhaseName;
  startedAtMs: number;
  finishedAtMs: number;
  runningVersion: string;
  bootId: string;
  incarnationId: string;
}

export const succeeded = (sessions: SessionStatus[] = []): PhaseEnd => ({
  outcome: 'succeeded',
  reason: null,
  sessions,
  frozenAtMs: 0,
  resumedAtMs: 0,
  blackoutMs: 0,
});

export const endedOtherwise = (
  outcome: Exclude<OutcomeName, 'succeeded'>,
  reason: Reason,
  sessions: SessionStatus[] = [],
): PhaseEnd => ({ ...succeeded(sessions), outcome, reason });

/** Phases that change nothing on the host: carrying one out again after a crash is continuing it. */
export const isReadOnly = (phase: PhaseName): boolean =>
  phase === 'preflight' || phase === 'verify';
