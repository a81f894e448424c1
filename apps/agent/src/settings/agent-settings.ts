import type { FaultSettings } from '../faults/faults';

/** Layout version of AgentSettings as carried in the handover; another one makes the next runtime read the file again. */
export const SETTINGS_VERSION = 2;

/** The configuration of one agent after parsing: complete, absolute, never changed. */
export interface AgentSettings {
  version: number;
  hostName: string;
  /** What this machine is known by, whatever its name; empty or absent: made by the agent (machine-id.ts). */
  machineId?: string;
  controlPlane: string[];
  backend: 'engine' | 'kernel';
  stateDir: string;
  socket: string;
  labels: Record<string, string>;
  failureDomain: string;
  workloads: WorkloadSettings[];
  /** A host that is frozen for longer with nothing to do thaws by itself. */
  frozenLimitMs: number;
  /** How long a new instance may take until it serves. */
  startTimeoutMs: number;
  /** How long a workload may take to stop before SIGKILL. */
  stopTimeoutMs: number;
  /** Most bytes of an image whose release states no size. */
  imageBytesMax: number;
  /** A server that sends nothing for so long while an image is fetched is given up. */
  fetchStallMs: number;
  faults: FaultSettings;
}

export interface WorkloadSettings {
  name: string;
  /** Program and arguments; `node` means the Node.js that runs the agent. */
  command: string[];
  env: Record<string, string>;
  cwd: string;
}
