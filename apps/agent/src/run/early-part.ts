// What the agent does before most of it is loaded: in a kernel that a live update booted it takes everything that was handed
// over. Only what that needs may be imported here and below (early-part.spec.ts sees to it).
//
// Happy path: the configuration file names the kernel backend, the command line carries our mark, all is retrieved.
// Unhappy paths: a configuration that can not be read, or is written so that only the YAML parser understands it, is left
// to the rest of the agent, which then arrives later; what the kernel refuses is in the arrival.
// Ordering: before anything else. The device belongs to one agent of the host, so an agent with another backend must not
// even open it.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { takeArrivalRecord, type ArrivalRecord } from '../backend/kernel/arrival-record';
import { arriveInKernel, type KernelArrival } from '../backend/kernel/kernel-arrival';
import { createLog } from '../log';
import { agentVersion } from '../agent-version';
import { milestone, milestonesMs } from './milestones';

export interface EarlyPart {
  /** Absolute path of the configuration file. */
  configFile: string;
  /** Text of the configuration file; null when it can not be read. */
  configuration: string | null;
  /** What a program in front of this process has taken. */
  record: ArrivalRecord | null;
  /** Null when nobody has looked yet. */
  arrival: KernelArrival | null;
}

export async function earlyPart(file: string): Promise<EarlyPart> {
  // Whatever the backend is: the descriptors must not go on into children.
  const record = takeArrivalRecord();
  const configFile = path.resolve(file);
  const configuration = readConfiguration(configFile);
  const isKernel = configuration !== null && namesKernelBackend(configuration);
  return { configFile, configuration, record, arrival: isKernel ? await arrive(record) : null };
}

/** Arrives, and says what came through. */
export async function arrive(record: ArrivalRecord | null): Promise<KernelArrival> {
  const arrival = await arriveInKernel(record);
  milestone('retrieved');
  if (arrival.found !== 'handover') return arrival;
  const files = arrival.retrieved.flatMap(({ got }) => ('files' in got ? got.files : []));
  const retrieved = files.filter(({ got }) => 'fd' in got).length;
  // hrtime is CLOCK_MONOTONIC, which starts with the kernel.
  const kernelAgeMs = Number(process.hrtime.bigint()) / 1e6;
  const log = createLog({ version: agentVersion, pid: process.pid });
  const did = arrival.by === 'arrive' ? 'took over' : 'retrieved';
  log.info(did, { files: retrieved, kernelAgeMs, milestonesMs: milestonesMs() });
  return arrival;
}

function readConfiguration(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/**
 * Whether the file surely says `backend: kernel`, as JSON or as a line of YAML's plain style. Nothing inside another value
 * can look like that line, because YAML wants it indented.
 */
export function namesKernelBackend(configuration: string): boolean {
  if (/^backend:[ \t]+(kernel|"kernel"|'kernel')[ \t]*(#.*)?$/m.test(configuration)) return true;
  try {
    return (JSON.parse(configuration) as { backend?: unknown } | null)?.backend === 'kernel';
  } catch {
    return false;
  }
}
