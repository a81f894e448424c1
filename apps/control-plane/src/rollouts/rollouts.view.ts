import type {
  HostUpdateResponse,
  PlanResponse,
  ReportResponse,
  RolloutPreviewResponse,
  RolloutResponse,
  RolloutSummaryResponse,
  StrategyResponse,
  WaitingResponse,
  WaveResponse,
} from '@luofleet/contracts';
import type {
  HostUpdateRecord,
  NamedHosts,
  PlanExcerpt,
  RolloutRecord,
  RolloutSummaryRecord,
  StoredPlan,
  WaveRecord,
} from '@luofleet/persistence';
import type { Strategy, Wait } from '@luofleet/rollout';
import type { RolloutPreview } from './rollout-intake.service';
import { reasonView } from '../http-kit/reason.view';

/** A rollout in a list. */
export function rolloutSummaryView(rollout: RolloutSummaryRecord): RolloutSummaryResponse {
  return {
    id: rollout.id,
    name: rollout.name,
    release: { ...rollout.release },
    selector: rollout.selector,
    state: rollout.state,
    reason: reasonView(rollout.reason),
    hosts: rollout.hosts,
    blackoutMs: rollout.blackoutMs,
    createdAt: rollout.createdAt.toISOString(),
    startedAt: rollout.startedAt?.toISOString() ?? null,
    finishedAt: rollout.finishedAt?.toISOString() ?? null,
    version: rollout.version,
  };
}

/** One rollout whole. */
export function rolloutView(rollout: RolloutRecord): RolloutResponse {
  return {
    ...rolloutSummaryView(rollout),
    strategy: strategyView(rollout.strategy),
    waves: rollout.waves.map(waveView),
    plan: planView(rollout.plan),
    report: reportView(rollout),
  };
}

export function strategyView(strategy: Strategy): StrategyResponse {
  return {
    ...strategy,
    waves: [...strategy.waves],
    offline: { ...strategy.offline },
    phaseTimeoutsMs: { ...strategy.phaseTimeoutsMs },
  };
}

/** A plan with the hosts there are of each wave: a stored one has the first few, a dry run's all. */
export function planView(plan: PlanExcerpt | StoredPlan): PlanResponse {
  return {
    hostsTotal: plan.hostsTotal,
    warnings: (plan.warnings ?? []).map(({ code, message }) => ({ code, message })),
    waves: plan.waves.map((wave) => ({
      index: wave.index,
      size: wave.size ?? null,
      offline: namedView(wave.offline),
      onRelease: namedView(wave.onRelease),
      hostsTotal: 'hostsTotal' in wave ? wave.hostsTotal : wave.hosts.length,
      hosts: wave.hosts.map(({ id, name }) => ({ id, name })),
    })),
  };
}

function namedView({ total, names }: NamedHosts = { total: 0, names: [] }): {
  total: number;
  names: string[];
} {
  return { total, names: [...names] };
}

function waveView(wave: WaveRecord): WaveResponse {
  return {
    ...wave,
    reason: reasonView(wave.reason),
    startedAt: wave.startedAt?.toISOString() ?? null,
    finishedAt: wave.finishedAt?.toISOString() ?? null,
  };
}

function reportView({ report, ...rollout }: RolloutRecord): ReportResponse {
  if (report === null)
    return { headline: '', failuresLeft: null, waitCounts: {}, waiting: [], waitingLeftOut: 0 };
  return {
    headline: report.headline,
    failuresLeft: report.failuresLeft,
    waitCounts: report.waitCounts as Record<string, number>,
    waiting: report.waits.map((wait) => waitingView(wait, rollout)),
    waitingLeftOut: report.waitsLeftOut,
  };
}

function waitingView(
  { subject, code, detail, untilMs }: Wait,
  rollout: Pick<RolloutRecord, 'id' | 'name'>,
): WaitingResponse {
  const reason = { code, detail };
  const until = untilMs === undefined ? null : new Date(untilMs).toISOString();
  switch (subject.kind) {
    case 'rollout':
      return { subject: 'rollout', id: rollout.id, name: rollout.name, reason, until };
    case 'wave': {
      const { index } = subject;
      return { subject: 'wave', id: String(index), name: `wave ${index + 1}`, reason, until };
    }
    case 'host-update':
      return { subject: 'host-update', id: subject.id, name: subject.hostName, reason, until };
  }
}

/** A host update as answers write it. */
export function hostUpdateView(update: HostUpdateRecord): HostUpdateResponse {
  return {
    ...update,
    reason: reasonView(update.reason),
    generation: Number(update.generation),
    deadlineAt: update.deadlineAt?.toISOString() ?? null,
    retryAt: update.retryAt?.toISOString() ?? null,
    frozenAt: update.frozenAt?.toISOString() ?? null,
    resumedAt: update.resumedAt?.toISOString() ?? null,
    startedAt: update.startedAt?.toISOString() ?? null,
    finishedAt: update.finishedAt?.toISOString() ?? null,
  };
}

/** Answer to a dry run. */
export function previewView(preview: RolloutPreview): RolloutPreviewResponse {
  const { id, name, version } = preview.release;
  return {
    dryRun: true,
    name: preview.name,
    release: { id, name, version },
    selector: preview.selector,
    strategy: strategyView(preview.strategy),
    plan: planView(preview.plan),
  };
}
