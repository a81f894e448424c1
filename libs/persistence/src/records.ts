// What repositories return: rows of the record with their references resolved. Times are Date, u64 values bigint.
import type {
  HostUpdateKind,
  Phase,
  PlanReport,
  Reason,
  ReleaseKind,
  RolloutKind,
  Strategy,
  WaveKind,
  WaveSize,
} from '@luofleet/rollout';

export type Backend = 'kernel' | 'engine' | 'memory';
export type { ReleaseKind };
export type CommandState =
  'queued' | 'sent' | 'accepted' | 'succeeded' | 'failed' | 'refused' | 'voided';
export type SessionState =
  'preserved' | 'frozen' | 'unpreserved' | 'retrieved' | 'finished' | 'failed' | 'lost';
export type FileState =
  | 'preserved'
  | 'frozen'
  | 'unpreserved'
  | 'deserialized'
  | 'retrieved'
  | 'finished'
  | 'failed'
  | 'lost';

export type Labels = Readonly<Record<string, string>>;

export interface WorkloadRecord {
  readonly name: string;
  /** starting, serving, quiesced or stopped; empty while unknown. */
  readonly state: string;
  readonly detail: string;
  readonly pid: number;
}

export interface HostRecord {
  readonly id: string;
  readonly name: string;
  /** What the machine is known by; empty: its agent sent none. */
  readonly machineId: string;
  readonly state: 'online' | 'offline' | 'decommissioned';
  readonly labels: Labels;
  readonly failureDomain: string;
  readonly backend: Backend;
  readonly replicaId: string | null;
  readonly bootId: string;
  readonly incarnationId: string;
  readonly agentVersion: string;
  readonly runningVersion: string;
  readonly runningSha256: string;
  readonly kernelRelease: string;
  readonly handlers: readonly string[];
  /** What its agent understands; empty: not known. */
  readonly capabilities: readonly string[];
  readonly workloads: readonly WorkloadRecord[];
  readonly generation: bigint;
  readonly lastSeenAt: Date | null;
  readonly registeredAt: Date;
  readonly decommissionedAt: Date | null;
  readonly version: number;
  /** The newest host update of this host, if any. */
  readonly update: CurrentUpdateRecord | null;
}

export interface CurrentUpdateRecord {
  readonly id: string;
  readonly rolloutId: string;
  readonly rolloutName: string;
  readonly state: HostUpdateKind;
  readonly phase: Phase | null;
}

export interface ReleaseRecord {
  readonly id: string;
  readonly name: string;
  readonly kind: ReleaseKind;
  readonly version: string;
  readonly imageUri: string;
  readonly imageSha256: string;
  readonly handlers: readonly string[];
  readonly kernelCommandLine: string;
  readonly initrdUri: string;
  readonly initrdSha256: string;
  readonly luoAbi: string;
  /** 0 where none were stated. */
  readonly imageSizeBytes: number;
  readonly initrdSizeBytes: number;
  readonly labels: Labels;
  readonly createdAt: Date;
}

/** How many host updates there are of each state; states and phases without any are absent. */
export interface HostCounts {
  readonly total: number;
  readonly byState: Partial<Record<HostUpdateKind, number>>;
  /** Those under way, by the phase they are in. */
  readonly byPhase: Partial<Record<Phase, number>>;
}

/** Blackouts known so far, milliseconds; nulls while there is none. */
export interface BlackoutSpread {
  readonly count: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

export interface RolloutSummaryRecord {
  readonly id: string;
  readonly name: string;
  readonly release: { readonly id: string; readonly name: string; readonly version: string };
  readonly selector: string;
  readonly state: RolloutKind;
  readonly reason: Reason | null;
  readonly hosts: HostCounts;
  readonly blackoutMs: BlackoutSpread;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly version: number;
}

/** The plan as stored when a rollout is applied; never changed. Hosts in the order in which they start. */
export interface StoredPlan {
  readonly hostsTotal: number;
  readonly waves: readonly {
    readonly index: number;
    readonly hosts: readonly { readonly id: string; readonly name: string }[];
    /** As the strategy asks for it; null: what the waves before left. Not in plans of earlier versions. */
    readonly size?: WaveSize | null;
    /** Of its hosts when the plan was made. */
    readonly offline?: NamedHosts;
    readonly onRelease?: NamedHosts;
  }[];
  /** What an operator should know before it starts. */
  readonly warnings?: readonly PlanWarning[];
}

/** How many hosts, and the names of the first. */
export interface NamedHosts {
  readonly total: number;
  readonly names: readonly string[];
}

export interface PlanWarning {
  readonly code:
    | 'FIRST_WAVE_OFFLINE'
    | 'HOSTS_OFFLINE'
    | 'ALREADY_ON_RELEASE'
    | 'RELEASE_UNFIT'
    | 'OVERLAPPING_ROLLOUT';
  readonly message: string;
}

/** A plan as operators first see it: of each wave how many hosts, and some of them from the first on. */
export interface PlanExcerpt {
  readonly hostsTotal: number;
  readonly warnings?: readonly PlanWarning[];
  readonly waves: readonly (StoredPlan['waves'][number] & { readonly hostsTotal: number })[];
}

export interface PlannedHostRecord {
  readonly id: string;
  readonly name: string;
  readonly waveIndex: number;
  readonly position: number;
}

export interface WaveRecord {
  readonly index: number;
  readonly state: WaveKind;
  readonly reason: Reason | null;
  readonly hosts: HostCounts;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface RolloutRecord extends RolloutSummaryRecord {
  readonly strategy: Strategy;
  readonly waves: readonly WaveRecord[];
  readonly plan: PlanExcerpt;
  /** Newest report of the planner; null until it has looked at the rollout. */
  readonly report: PlanReport | null;
}

export interface HostUpdateRecord {
  readonly id: string;
  readonly rolloutId: string;
  readonly rolloutName: string;
  readonly hostId: string;
  readonly hostName: string;
  readonly waveIndex: number;
  readonly position: number;
  readonly state: HostUpdateKind;
  readonly phase: Phase | null;
  readonly reason: Reason | null;
  readonly attempt: number;
  readonly finishTries: number;
  readonly generation: bigint;
  readonly deadlineAt: Date | null;
  readonly retryAt: Date | null;
  readonly abortRequested: boolean;
  readonly fromVersion: string;
  readonly toVersion: string;
  readonly frozenAt: Date | null;
  readonly resumedAt: Date | null;
  readonly blackoutMs: number | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly version: number;
}

export interface SessionRecord {
  readonly id: string;
  readonly name: string;
  readonly workload: string;
  readonly hostId: string;
  readonly hostName: string;
  readonly rolloutId: string;
  readonly rolloutName: string;
  readonly hostUpdateId: string;
  readonly attempt: number;
  readonly state: SessionState;
  /** The host has not said so; the end of the host update let it be concluded. */
  readonly assumed: boolean;
  readonly filesTotal: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface FileRecord {
  readonly sessionId: string;
  readonly sessionName: string;
  readonly hostId: string;
  readonly hostName: string;
  readonly rolloutId: string;
  /** u64 */
  readonly token: bigint;
  readonly name: string;
  readonly compatible: string;
  /** u64 */
  readonly dataHandle: bigint;
  readonly state: FileState;
  /** As of a session. */
  readonly assumed: boolean;
  readonly sizeBytes: bigint;
  readonly reason: Reason | null;
  readonly updatedAt: Date;
}

export interface SessionWithFilesRecord extends SessionRecord {
  readonly files: readonly FileRecord[];
}

export interface EventRecord {
  readonly sequence: bigint;
  readonly at: Date;
  readonly kind: string;
  readonly rolloutId: string | null;
  readonly hostId: string | null;
  readonly hostUpdateId: string | null;
  readonly reasonCode: string;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface FleetSummary {
  readonly hosts: { readonly total: number; readonly online: number };
  readonly rollouts: { readonly byState: Readonly<Record<string, number>> };
  readonly sessions: number;
  readonly files: number;
}
