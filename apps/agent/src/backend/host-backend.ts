import type { HandedDescriptor } from '../workloads/spawn-instance';
import type { Backend } from './backend';

/** A backend of a real host: workloads that end unexpectedly are started again with what it holds for them. */
export interface HostBackend extends Backend {
  heldFor(workload: string): HandedDescriptor[];
  isPreserved(workload: string, token: bigint): boolean;
}
