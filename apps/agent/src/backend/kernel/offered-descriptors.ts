// Which of the workloads' descriptors go through a kernel update.
//
// Linux 7.3 takes memfds and nothing else (D13). A descriptor of another kind that its workload offered as optional stays
// behind, and the workload makes it anew; one that is not optional is put before the kernel, whose ENOENT ends the update
// while the host still serves.
import { closeDescriptor } from '@luofleet/linux';
import type { WorkloadSupervisor } from '../../workloads/workload-supervisor';
import type { HostFile } from '../engine/host-file';
import { takeDescriptors } from '../engine/take-descriptors';
import { isMemfd } from './memfd-kind';

export interface ChosenDescriptors {
  /** By workload; every workload is there. The descriptors are ours. */
  files: Map<string, HostFile[]>;
  leftBehind: Array<{ workload: string; name: string }>;
}

/** Takes the descriptors; on a failure nothing of it stays open and `undo` is called. Throws LinuxError. */
export function chooseDescriptors(
  supervisor: WorkloadSupervisor,
  undo: () => void = () => undefined,
): ChosenDescriptors {
  const files = new Map<string, HostFile[]>();
  const leftBehind: ChosenDescriptors['leftBehind'] = [];
  try {
    for (const workload of supervisor.names) {
      const instance = supervisor.current.get(workload);
      const own: HostFile[] = [];
      files.set(workload, own);
      for (const file of takeDescriptors(instance)) {
        const optional = instance?.descriptors.get(file.token)?.optional === true;
        if (optional && !isMemfd(file.fd)) {
          leftBehind.push({ workload, name: file.name });
          closeDescriptor(file.fd);
        } else own.push(file);
      }
    }
    return { files, leftBehind };
  } catch (error) {
    for (const { fd } of [...files.values()].flat()) closeDescriptor(fd);
    undo();
    throw error;
  }
}
