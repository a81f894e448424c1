// Which of the workloads' descriptors go through a kernel update.
//
// Linux 7.3 takes memfds and nothing else (D13). A descriptor of another kind that its workload offered as optional stays
// behind, and the workload makes it anew; one that is not optional is put before the kernel, whose ENOENT ends the update
// while the host still serves.
import { closeDescriptor } from '@luofleet/linux';
import type { WorkloadSupervisor } from '../../workloads/workload-supervisor';
import type { HostFile } from '../engine/host-file';
import { closeTaken, takeAllDescriptors } from '../engine/take-descriptors';
import { isMemfd } from './memfd-kind';

export interface ChosenDescriptors {
  /** By workload; every workload is there. The descriptors are ours. */
  files: Map<string, HostFile[]>;
  leftBehind: Array<{ workload: string; name: string }>;
}

/** Takes the descriptors; on a failure nothing of it stays open and `undo` is called. Throws ReasonedError or LinuxError. */
export function chooseDescriptors(
  supervisor: WorkloadSupervisor,
  undo: () => void = () => undefined,
): ChosenDescriptors {
  let taken = new Map<string, HostFile[]>();
  try {
    taken = takeAllDescriptors(supervisor);
    const staysBehind = ({ workload, token, fd }: HostFile) =>
      supervisor.current.get(workload)?.descriptors.get(token)?.optional === true && !isMemfd(fd);
    const behind = new Set([...taken.values()].flat().filter(staysBehind));
    for (const { fd } of behind) closeDescriptor(fd);
    const files = new Map(
      [...taken].map(([workload, all]) => [workload, all.filter((file) => !behind.has(file))]),
    );
    return { files, leftBehind: [...behind].map(({ workload, name }) => ({ workload, name })) };
  } catch (error) {
    closeTaken(taken);
    undo();
    throw error;
  }
}
