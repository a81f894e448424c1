import type {
  HostUpdateStateName,
  ReasonResponse,
  RolloutSummaryResponse,
} from '@luofleet/contracts';
import type { EventRecord, HostRecord, RolloutSummaryRecord } from '@luofleet/persistence';
import {
  type ApplyRolloutResponse,
  Backend,
  type HostSummary,
  type Reason,
  type RolloutSummary,
  type WatchEventsResponse,
} from '@luofleet/proto';
import { hostUpdateKindsThatAre } from '@luofleet/rollout';
import type { RolloutPreview } from '../rollouts/rollout-intake.service';
import { planView, rolloutSummaryView } from '../rollouts/rollouts.view';

const BACKENDS = {
  kernel: Backend.BACKEND_KERNEL,
  engine: Backend.BACKEND_ENGINE,
  memory: Backend.BACKEND_MEMORY,
} as const;

export function hostMessage(host: HostRecord): HostSummary {
  return {
    id: host.id,
    name: host.name,
    machineId: host.machineId,
    backend: BACKENDS[host.backend],
    state: host.state,
    runningVersion: host.runningVersion,
    failureDomain: host.failureDomain,
    labels: { ...host.labels },
    lastSeenAt: host.lastSeenAt ?? undefined,
  };
}

export function rolloutMessage(record: RolloutSummaryRecord): RolloutSummary {
  const rollout: RolloutSummaryResponse = rolloutSummaryView(record);
  const { byState, total } = rollout.hosts;
  const count = (...states: HostUpdateStateName[]) =>
    states.reduce((sum, state) => sum + (byState[state] ?? 0), 0);
  return {
    id: rollout.id,
    name: rollout.name,
    releaseName: rollout.release.name,
    state: rollout.state,
    reason: reasonMessage(rollout.reason),
    hostsTotal: total,
    hostsSucceeded: count('succeeded'),
    hostsFailed: count('failed'),
    hostsRolledBack: count('rolled-back'),
    hostsLost: count('lost', 'lost-state'),
    hostsRunning: count(...hostUpdateKindsThatAre('inFlight')),
    hostsPending: count('pending'),
    hostsCancelled: count('cancelled'),
    hostsSkipped: count('skipped'),
    createdAt: record.createdAt,
    finishedAt: record.finishedAt ?? undefined,
  };
}

export function reasonMessage(reason: ReasonResponse | null): Reason | undefined {
  if (reason === null) return undefined;
  return {
    code: reason.code,
    detail: reason.detail,
    errnoCode: reason.errnoCode ?? '',
    errno: reason.errno ?? 0,
    subject: reason.subject ?? '',
  };
}

export function eventMessage(event: EventRecord, life: string): WatchEventsResponse {
  const { reasonCode, message } = event;
  return {
    sequence: event.sequence,
    at: event.at,
    kind: event.kind,
    rolloutId: event.rolloutId ?? '',
    hostId: event.hostId ?? '',
    hostUpdateId: event.hostUpdateId ?? '',
    reason: reasonCode === '' ? undefined : reasonMessage({ code: reasonCode, detail: message }),
    message,
    data: { ...event.data },
    life,
  };
}

/** A dry run: nothing is stored, so the rollout has no id and no state. */
export function previewMessage(preview: RolloutPreview): ApplyRolloutResponse {
  const { name, release, plan } = preview;
  return {
    rollout: {
      id: '',
      name,
      releaseName: release.name,
      state: '',
      reason: undefined,
      hostsTotal: plan.hostsTotal,
      hostsSucceeded: 0,
      hostsFailed: 0,
      hostsRolledBack: 0,
      hostsLost: 0,
      hostsRunning: 0,
      hostsPending: plan.hostsTotal,
      hostsCancelled: 0,
      hostsSkipped: 0,
      createdAt: undefined,
      finishedAt: undefined,
    },
    plan: planView(plan),
  };
}
