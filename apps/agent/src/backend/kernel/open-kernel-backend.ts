// What run-agent needs of the kernel backend, loaded only where it is configured.
import { release } from 'node:os';
import { isConcluded, rememberReboot, type KernelArrival } from './kernel-arrival';
import { KernelBackend, type KernelBackendOptions } from './kernel.backend';

type OpenOptions = Omit<KernelBackendOptions, 'running'> & {
  arrival: KernelArrival;
  incarnationId: string;
};

/** The backend of this boot. The journal gets the reboot that the command line tells of, if it has never heard of it. */
export function openKernelBackend({ incarnationId, ...options }: OpenOptions): KernelBackend {
  const { arrival, journal } = options;
  if (arrival.found === 'nothing' && !isConcluded(journal, arrival.mark)) {
    rememberReboot(journal, arrival.mark, incarnationId);
  }
  // A kernel that no live update booted came from somewhere else; nobody knows its digest.
  const sha256 = arrival.found === 'handover' ? arrival.manifest.imageSha256 : '';
  return new KernelBackend({ ...options, running: { version: release(), sha256 } });
}
