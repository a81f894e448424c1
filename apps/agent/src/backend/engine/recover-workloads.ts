// A cold start: this memory knows nothing, but workload processes may have lived on.
//
// For each workload exactly one process is kept. Before the take-over is in the journal that is the old instance, after
// it the new one; if the right one is gone the other has the same descriptors and is kept instead. The rest is ended
// first, and what instances that ended meanwhile have left behind; then the kept ones are told to serve, so that two never
// do.
import { limited } from '@luofleet/platform/clock';
import type { Crossing } from '../../journal/journal.state';
import type { Log } from '../../log';
import type { SessionStatus } from '../../model/command';
import type { AgentSettings } from '../../settings/agent-settings';
import type { FoundInstance } from '../../workloads/process-table';
import type { WorkloadSupervisor } from '../../workloads/workload-supervisor';
import { WorkloadInstance } from '../../workloads/workload-instance';
import type { Recovery } from '../backend';
import { withState } from '../session-status';

interface RecoverRequest {
  supervisor: WorkloadSupervisor;
  settings: Pick<AgentSettings, 'workloads' | 'startTimeoutMs' | 'stopTimeoutMs'>;
  log: Log;
  crossing: Crossing | null;
  /** Sessions of the attempt that was under way; nobody misses those of workloads that the configuration has no more. */
  lastSessions: SessionStatus[];
}

/** Which of a workload's processes (oldest first) is to serve. */
export function chooseSurvivor(
  candidates: readonly FoundInstance[],
  crossing: Crossing | null,
): FoundInstance | undefined {
  const bootedId = crossing?.booted?.incarnationId;
  const isNew = ({ incarnationId }: FoundInstance) => incarnationId === bootedId;
  const tookOver = crossing?.retrieved?.outcome === 'succeeded';
  const newest = candidates.findLast(isNew);
  const old = candidates.findLast((one) => !isNew(one));
  return tookOver || crossing === null ? (newest ?? old) : (old ?? newest);
}

export async function recoverWorkloads(request: RecoverRequest): Promise<Recovery> {
  const { supervisor, settings, log, crossing, lastSessions } = request;
  const survivors = supervisor.survivors();
  const isConfigured = (workload: string) =>
    settings.workloads.some(({ name }) => name === workload);
  const kept: FoundInstance[] = [];
  const surplus: FoundInstance[] = [];
  for (const workload of new Set(survivors.map((one) => one.workload))) {
    const candidates = survivors.filter((one) => one.workload === workload);
    const chosen = isConfigured(workload) ? chooseSurvivor(candidates, crossing) : undefined;
    if (chosen !== undefined) kept.push(chosen);
    surplus.push(...candidates.filter((one) => one !== chosen));
  }
  log.info('recovering', { kept: kept.map(describe), ended: surplus.map(describe) });
  await Promise.all(
    surplus.map(({ workload, instance, process }) =>
      supervisor.end(new WorkloadInstance(workload, instance, process), settings.stopTimeoutMs),
    ),
  );
  await supervisor.endStrays();
  for (const found of kept) supervisor.adopt(found, 'quiesced');
  const failures = await limited(settings.startTimeoutMs, (signal) => supervisor.resumeAll(signal));
  if (failures.length > 0) log.error('workloads did not resume', { failures });
  const alive = new Set(kept.map(({ workload }) => workload));
  const lost = lastSessions.filter(
    ({ workload, state, files }) =>
      state !== 'finished' && files.length > 0 && !alive.has(workload) && isConfigured(workload),
  );
  const resumedAtMs = kept.length > 0 ? Date.now() : 0;
  return { lost: withState(lost, 'lost', 'lost'), resumedAtMs };
}

const describe = ({ workload, process }: FoundInstance) => `${workload} ${process.pid}`;
