import { closeDescriptor, pidfdGetfd, pidfdOpen } from '@luofleet/linux';
import { describeError, ReasonedError, reasonOf } from '../../model/reason';
import type { WorkloadInstance } from '../../workloads/workload-instance';
import type { WorkloadSupervisor } from '../../workloads/workload-supervisor';
import { identityOf, type HostFile } from './host-file';

type Supervisor = Pick<WorkloadSupervisor, 'names' | 'current'>;

/**
 * Duplicates of everything that workloads offer, by workload; every workload is there. Throws ReasonedError
 * (PRESERVE_FAILED); nothing stays open then.
 */
export function takeAllDescriptors({ names, current }: Supervisor): Map<string, HostFile[]> {
  const taken = new Map<string, HostFile[]>();
  for (const name of names) {
    try {
      taken.set(name, takeDescriptors(current.get(name)));
    } catch (cause) {
      closeTaken(taken);
      const detail = `what workload ${name} offers can not be taken: ${describeError(cause)}`;
      const subject = `workload ${name}`;
      throw new ReasonedError(reasonOf('PRESERVE_FAILED', detail, { subject, cause }));
    }
  }
  return taken;
}

export function closeTaken(taken: ReadonlyMap<string, readonly HostFile[]>): void {
  for (const { fd } of [...taken.values()].flat()) closeDescriptor(fd);
}

/** Throws LinuxError; nothing stays open then. */
function takeDescriptors(instance: WorkloadInstance | undefined): HostFile[] {
  if (instance === undefined || instance.registeredPid === null) return [];
  const taken: HostFile[] = [];
  const pidfd = pidfdOpen(instance.registeredPid);
  try {
    for (const { token, fd, name } of instance.descriptors.values()) {
      const { workload } = instance;
      const own = pidfdGetfd(pidfd, fd);
      taken.push({ fd: own, name, workload, token, identity: identityOf(own) });
    }
    return taken;
  } catch (error) {
    for (const { fd } of taken) closeDescriptor(fd);
    throw error;
  } finally {
    closeDescriptor(pidfd);
  }
}
