// Whether this host could go through an update to a release, as far as that can be known beforehand. An ABI or a handler
// that the next kernel lacks would panic it, or leave a device that answers EIO for the whole boot (S4, S5): preflight is
// the last moment to find out for free.
import type { AgentCommand } from '../../model/command';
import { reasonOf, type Reason } from '../../model/reason';
import type { WorkloadHealth } from '../backend';
import { handlerMissing, unfitFor } from '../phase-ends';
import { nextCommandLine, unfitCommandLine } from './command-line';
import { kernelHandlers, runningLuoAbi } from './luo-abi';

/** Whatever workloads offer: the agent's manifest is a memfd, and Linux 7.3 takes nothing else. */
const handlersInUse = [kernelHandlers.memfd];

/** Why the host must not start this update; null when nothing speaks against it. */
export function unsuitable(
  command: AgentCommand | null,
  health: readonly WorkloadHealth[],
): Reason | null {
  const release = command?.release ?? null;
  if (command === null || release === null) return null;
  const subject = `release ${release.name}`;
  const unwell = unfitFor(release, { kind: 'kernel', words: 'kernels' }, health);
  if (unwell !== null) return unwell;
  const unfit = unfitCommandLine(nextCommandLine(command));
  if (unfit !== null) {
    const detail = `with its command line release ${release.name} would lose everything: ${unfit}`;
    return reasonOf('COMMAND_LINE_UNFIT', detail, { subject });
  }
  const abi = runningLuoAbi();
  if (release.luoAbi !== abi) {
    const theirs = release.luoAbi === '' ? 'names no ABI' : `has ABI ${release.luoAbi}`;
    const detail = `release ${release.name} ${theirs}, this kernel hands over in ${abi}: the next kernel would panic`;
    return reasonOf('ABI_MISMATCH', detail, { subject });
  }
  return handlerMissing(release, handlersInUse);
}
