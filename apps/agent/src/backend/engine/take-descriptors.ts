import { closeDescriptor, pidfdGetfd, pidfdOpen } from '@luofleet/linux';
import type { WorkloadInstance } from '../../workloads/workload-instance';
import { identityOf, type HostFile } from './host-file';

/** Duplicates of everything a workload offers. Throws LinuxError; nothing stays open then. */
export function takeDescriptors(instance: WorkloadInstance | undefined): HostFile[] {
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
