// Loaded after the blackout: this is where gRPC comes in.
import { agentVersion } from '../agent-version';
import type { Backend, WorkloadHealth } from '../backend/backend';
import { journalReason } from '../journal/journal-reason';
import type { PhaseExecutor } from '../commands/phase-executor';
import type { Journal } from '../journal/journal';
import { clientFor, ControlPlaneLink, type LinkHost } from '../link/control-plane-link';
import { wireBackends } from '../link/wire';
import type { Log } from '../log';
import { capabilitiesOf } from '../model/command';
import type { AgentSettings } from '../settings/agent-settings';

interface OpenLinkOptions {
  settings: Pick<AgentSettings, 'hostName' | 'controlPlane' | 'labels' | 'failureDomain'>;
  backend: Backend;
  executor: PhaseExecutor;
  journal: Journal;
  incarnationId: string;
  machineId: string;
  log: Log;
}

/** Dials the control plane for this host. */
export function openLink(options: OpenLinkOptions): ControlPlaneLink {
  const { settings, log } = options;
  const clients = settings.controlPlane.map((address) => clientFor(address));
  const link = new ControlPlaneLink({ host: linkHostOf(options), clients, log });
  link.open();
  return link;
}

/** What the link says and does for this host. */
export function linkHostOf(options: Omit<OpenLinkOptions, 'log'>): LinkHost {
  const { settings, backend, executor, journal, incarnationId, machineId } = options;
  return {
    hello: () => ({
      hostName: settings.hostName,
      machineId,
      agentVersion,
      backend: wireBackends[backend.kind],
      bootId: backend.bootId,
      incarnationId,
      runningVersion: backend.running.version,
      runningSha256: backend.running.sha256,
      labels: settings.labels,
      failureDomain: settings.failureDomain,
      handlers: [...backend.handlers],
      capabilities: capabilitiesOf(backend.releaseKinds),
      generation: journal.state.generation,
      openCommandKeys: executor.openKeys(),
      workloads: backend.health().map(({ name }) => name),
      kernelRelease: backend.kernelRelease,
      pid: process.pid,
    }),
    heartbeat: () => ({
      incarnationId,
      frozen: backend.isFrozen(),
      workloads: backend.health().map((workload) => withProblem(workload, journal)),
    }),
    unrecordedResults: () => executor.unrecordedResults(),
    onCommand: (command) => executor.accept(command),
    onRecorded: (key) => executor.recorded(key),
  };
}

/** Operators read of what the agent can not do where they look at what it does. */
function withProblem(workload: WorkloadHealth, journal: Journal): WorkloadHealth {
  const problem = journalReason(journal);
  if (problem === null) return workload;
  const words = `agent: ${problem.code}: ${problem.detail}`;
  return { ...workload, detail: workload.detail ? `${workload.detail}; ${words}` : words };
}
