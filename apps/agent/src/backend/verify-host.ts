import { setTimeout as delay } from 'node:timers/promises';
import { limited } from '@luofleet/platform/clock';
import { abortReason } from '../commands/phase-clock';
import { endedOtherwise, succeeded, type AgentCommand, type PhaseEnd } from '../model/command';
import { reasonOf } from '../model/reason';
import type { WorkloadSupervisor } from '../workloads/workload-supervisor';

interface VerifyRequest {
  command: AgentCommand | null;
  signal: AbortSignal;
  supervisor: WorkloadSupervisor;
  runningVersion: string;
}

/** How often workloads are asked while they soak, and how long an answer may take. */
const CHECK_INTERVAL_MS = 500;
const CHECK_TIMEOUT_MS = 5_000;

/** The wanted version runs, and every workload answers `check` from the first to the last moment of the soak. */
export async function verifyHost(request: VerifyRequest): Promise<PhaseEnd> {
  const { command, signal, supervisor, runningVersion } = request;
  const wanted = command?.release?.version ?? runningVersion;
  if (wanted !== runningVersion) {
    return endedOtherwise(
      'failed',
      reasonOf('WRONG_VERSION', `${runningVersion} runs, not ${wanted}`),
    );
  }
  const until = performance.now() + (command?.soakMs ?? 0);
  const first = new Map(supervisor.current);
  for (;;) {
    const unwell = await limited(
      CHECK_TIMEOUT_MS,
      (limit) => findUnwell(supervisor, first, limit),
      signal,
    );
    if (signal.aborted) return endedOtherwise('failed', abortReason(signal));
    if (unwell !== null) {
      const subject = `workload ${unwell.workload}`;
      return endedOtherwise('failed', reasonOf('WORKLOAD_NOT_SERVING', unwell.detail, { subject }));
    }
    const leftMs = until - performance.now();
    if (leftMs <= 0) return succeeded();
    // An abort is told above, in the next round.
    await delay(Math.min(CHECK_INTERVAL_MS, leftMs), undefined, { signal }).catch(() => undefined);
  }
}

async function findUnwell(
  supervisor: WorkloadSupervisor,
  first: ReadonlyMap<string, unknown>,
  signal: AbortSignal,
): Promise<{ workload: string; detail: string } | null> {
  const found = await Promise.all(
    supervisor.names.map(async (workload) => {
      const instance = supervisor.current.get(workload);
      if (instance === undefined || instance !== first.get(workload)) {
        return { workload, detail: `workload ${workload} ended and was started again` };
      }
      const { ok, reason } = await instance.instruct('check', signal);
      return ok ? null : { workload, detail: `workload ${workload} is not well: ${reason}` };
    }),
  );
  return found.find((one) => one !== null) ?? null;
}
