// Workloads stop serving and serve again: the same for every backend of a real host.
import { limited } from '@luofleet/platform/clock';
import { abortReason } from '../commands/phase-clock';
import type { Log } from '../log';
import { reasonOf, type Reason } from '../model/reason';
import type { WorkloadSupervisor } from '../workloads/workload-supervisor';

/** Enough for every workload to answer; they only have to finish the request at hand. */
export const RESUME_TIMEOUT_MS = 10_000;

/** Null once all are quiesced; else why they must resume. */
export async function quiesceWorkloads(
  supervisor: WorkloadSupervisor,
  signal: AbortSignal,
): Promise<Reason | null> {
  const answers = await supervisor.quiesceAll(signal);
  const refused = answers.find(({ answer }) => !answer.ok);
  if (refused === undefined) return null;
  if (signal.aborted) return abortReason(signal);
  const { workload } = refused.instance;
  const detail = `workload ${workload} will not quiesce: ${refused.answer.reason}`;
  return reasonOf('WORKLOAD_VETOED', detail, { subject: `workload ${workload}` });
}

/** The undo of `quiesceWorkloads`. */
export async function resumeWorkloads(supervisor: WorkloadSupervisor, log: Log): Promise<void> {
  const failures = await limited(RESUME_TIMEOUT_MS, (signal) => supervisor.resumeAll(signal));
  if (failures.length > 0) log.error('workloads did not resume', { failures });
}

/** What workloads hold against the end of an update; empty when nothing. */
export function finishHolds(
  { names }: Pick<WorkloadSupervisor, 'names'>,
  finishHold: (workload: string) => string | undefined,
): string {
  const holds = names.flatMap((name) => {
    const reason = finishHold(name);
    return reason === undefined ? [] : [`workload ${name}: ${reason}`];
  });
  return holds.join('; ');
}
