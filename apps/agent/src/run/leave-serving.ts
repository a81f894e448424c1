// A start that fails leaves nobody quiesced behind: what a freeze of an agent before this one has stopped would stay so for as
// long as no agent starts.
//
// Happy path: the workload processes that live on are brought to one serving instance each, as a cold start does.
// Unhappy paths: where that fails too, who lives on is told, and why.
// Ordering: only for what this process owns; the socket of the start that failed is closed before.
import { randomUUID } from 'node:crypto';
import { recoverWorkloads } from '../backend/engine/recover-workloads';
import type { Log } from '../log';
import { describeError } from '../model/reason';
import { WorkloadApi } from '../workloads/workload-api';
import { WorkloadProblem } from '../workloads/workload-problem';
import { WorkloadSupervisor } from '../workloads/workload-supervisor';
import type { Foundation } from './foundation';
import { clearSocketPath } from './ownership';

export async function leaveServing(
  { settings, journal }: Pick<Foundation, 'settings' | 'journal'>,
  log: Log,
): Promise<void> {
  const supervisor = new WorkloadSupervisor({
    ...{ settings, log, incarnationId: randomUUID() },
    heldFor: () => [],
    finishHold: () => undefined,
  });
  const survivors = supervisor.survivors();
  if (survivors.length === 0) return;
  const api = new WorkloadApi({
    ...{ socket: settings.socket, supervisor, log },
    finishHold: () => undefined,
    isPreserved: () => false,
    setFinishHold: () => {
      const detail = 'this agent can not start; ask again';
      throw new WorkloadProblem(503, 'HOLD_NOT_STORED', 'The hold can not be stored', detail);
    },
    status: () => ({ hostName: settings.hostName, pid: process.pid, starting: false }),
  });
  try {
    await clearSocketPath(settings.socket);
    await api.open();
    const { crossing } = journal.state;
    await recoverWorkloads({ supervisor, settings, log, crossing, lastSessions: [] });
  } catch (error) {
    log.error('workloads live on; those that a freeze has quiesced serve once an agent starts', {
      workloads: survivors.map(({ workload, process: { pid } }) => `${workload} ${pid}`),
      error: describeError(error),
    });
  } finally {
    api.close();
  }
}
