// How this host live-updates. A backend carries out phases; it decides nothing about order, journal or network.
//
// Happy path: preflight, preserve, freeze and reboot are called on one memory; the reboot does not return; in the next
// memory `arrive` answers `handover`, then retrieve, settle, finish and verify are called.
// Unhappy paths: every phase answers with a PhaseEnd; a backend throws only for what it can not put into words, and the
// caller turns that into `failed`. A reboot that returns has undone everything and says `rolled-back`. `arrive` answers
// `cold` when memory was lost without a handover; then `recover` must leave exactly one instance of each workload serving.
// Ordering: one call at a time, except `health`, `isFrozen` and `stop`.
import type { AgentCommand, PhaseEnd, SessionStatus } from '../model/command';
import type { Reason } from '../model/reason';
import type { Crossing } from '../journal/journal.state';

export type BackendKind = 'engine' | 'memory' | 'kernel';

/** One workload as the control plane sees it. */
export interface WorkloadHealth {
  name: string;
  state: 'starting' | 'serving' | 'quiesced' | 'stopped';
  detail: string;
  pid: number;
}

/** What a phase gets to work with. */
export interface PhaseContext {
  /** Null only for a retrieve that the host does by itself, because no command for it arrived before the reboot. */
  command: AgentCommand | null;
  /** Aborted when the time is over or a rollback was asked; its `reason` is then a PhaseAborted. */
  signal: AbortSignal;
  /** Sessions as last reported in this attempt, for a backend whose memory of them is gone. */
  lastSessions: SessionStatus[];
}

/** What a reboot takes along besides the preserved state. */
export interface RebootContext extends PhaseContext {
  /** Written to the journal as the last thing before the point of no return; what follows it may not wait for anything. */
  cross(imageSha256: string): Promise<void>;
  /** The journal's records, for hosts without a disk that outlives the reboot. */
  carriedJournal(): string;
}

/** How this memory came to be. */
export type Arrival =
  | { how: 'cold' }
  /** The reboot of command `key` worked; `journal` only where the backend carried it. */
  | { how: 'handover'; key: string; journal?: string }
  /** The host did reboot, but nothing was handed over. */
  | { how: 'state-lost'; reason: Reason };

/** What is found and done on a cold start. */
export interface Recovery {
  /** Sessions whose descriptors no process holds any more. */
  lost: SessionStatus[];
  /** When the workloads served again, 0 if they had never stopped. */
  resumedAtMs: number;
}

export interface Backend {
  readonly kind: BackendKind;
  /** Compatible strings of the registered handlers. */
  readonly handlers: readonly string[];
  /** Kinds of releases that it takes. */
  readonly releaseKinds: readonly ('kernel' | 'runtime')[];
  readonly running: { version: string; sha256: string };
  readonly bootId: string;
  readonly kernelRelease: string;

  /** Called first and once. `handed` of the handover is consumed. */
  arrive(): Promise<Arrival>;
  /** After `cold` only: adopt surviving workload processes and let one instance of each serve. */
  recover(crossing: Crossing | null, lastSessions: SessionStatus[]): Promise<Recovery>;
  /** Starts workloads that no process exists for. After `recover`, or after retrieve. */
  start(): Promise<void>;

  preflight(context: PhaseContext): Promise<PhaseEnd>;
  preserve(context: PhaseContext): Promise<PhaseEnd>;
  freeze(context: PhaseContext): Promise<PhaseEnd>;
  /** Returns only when the host did not reboot, or when the reboot is simulated. */
  reboot(context: RebootContext): Promise<PhaseEnd>;
  retrieve(context: PhaseContext): Promise<PhaseEnd>;
  /** After retrieve is in the journal: what was kept in case it failed is given up (old instances stop). */
  settle(): Promise<void>;
  finish(context: PhaseContext): Promise<PhaseEnd>;
  verify(context: PhaseContext): Promise<PhaseEnd>;
  /** The undo of freeze and preserve; succeeds when there is nothing to undo. */
  rollback(context: PhaseContext): Promise<PhaseEnd>;

  /** Workloads are quiesced. */
  isFrozen(): boolean;
  health(): WorkloadHealth[];
  /** Ordered end of the agent: workloads stop. */
  stop(): Promise<void>;
}
