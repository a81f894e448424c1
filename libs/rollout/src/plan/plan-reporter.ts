import type { HostUpdateKind } from '../host-update/host-update.state';
import { HOST_UPDATE_KINDS } from '../host-update/host-update.traits';
import { isRolloutTerminal } from '../rollout/rollout.state';
import { type PlanReport, type Wait, WAIT_CODES, type WaitCode, WAITS } from './plan-report';
import type { DraftHostUpdate, PlanDraft } from './plan-draft';
import { type StartView, type Why, whyPending, whyRolloutWaits, whyWaveWaits } from './start-gates';

/** Says how the rollout stands once the plan's effects are stored, and why each thing that does not move waits. */
export function reportPlan(draft: PlanDraft): PlanReport {
  const { failures, inFlight, total } = draft.tally();
  const view = draft.startView();
  const waveIndex = view.openWaveIndex;
  const waits = waitsOf(draft, view);
  const hostWaits = waits.filter(({ subject }) => subject.kind === 'host-update');
  const waitCounts = countBy(hostWaits.map(({ code }) => code));
  const failuresAccepted = 'failuresAccepted' in draft.state ? draft.state.failuresAccepted : 0;
  const wave = waveIndex === null ? '' : `, wave ${waveIndex + 1} of ${draft.waves.length}`;
  return {
    rollout: draft.state.kind,
    headline: `${sayEnded(draft)}${wave}${sayWaits(draft, waitCounts)}`,
    hostUpdatesTotal: total,
    countsByState: countStates(draft),
    failures,
    failuresAccepted,
    failuresLeft: Math.max(0, draft.strategy.maxFailures + failuresAccepted - failures),
    inFlight,
    waveIndex,
    wavesTotal: draft.waves.length,
    waitCounts,
    waits,
    waitsLeftOut: 0,
  };
}

function waitsOf(draft: PlanDraft, view: StartView): readonly Wait[] {
  const waits: Wait[] = [];
  const blocked = whyRolloutWaits(view);
  if (blocked !== null && !isRolloutTerminal(draft.state))
    waits.push({ subject: { kind: 'rollout' }, ...blocked });
  draft.waves.forEach((wave, index) => {
    const why = wave.kind === 'pending' ? whyWaveWaits(view, index) : null;
    if (why !== null) waits.push({ subject: { kind: 'wave', index }, ...why });
  });
  for (const one of draft.updates) {
    const why = whyHostUpdateWaits(one, view);
    if (one.started || why === null) continue;
    const { id, hostId, waveIndex: wave, host } = one.update;
    const subject = {
      kind: 'host-update',
      id,
      hostId,
      hostName: host.name,
      waveIndex: wave,
    } as const;
    waits.push({ subject, ...why });
  }
  return waits;
}

function whyHostUpdateWaits({ state, update }: DraftHostUpdate, view: StartView): Why | null {
  const offline = update.host.online ? '' : '; the host is offline';
  switch (state.kind) {
    case 'running':
      return {
        code: 'DEADLINE_RUNNING',
        detail: `waits for the result of ${state.phase}${offline}`,
        untilMs: state.deadlineAtMs,
      };
    case 'rolling-back':
      return {
        code: 'ROLLING_BACK',
        detail: `waits for the rollback after ${state.reason.code}: ${state.reason.detail}${offline}`,
        untilMs: state.deadlineAtMs,
      };
    case 'held':
      return {
        code: 'HELD_UNTIL',
        detail: `finish was refused: ${state.reason.code}: ${state.reason.detail}${offline}`,
        untilMs: state.retryAtMs,
      };
    case 'pending':
      return whyPending(view, { ...update, state });
    case 'succeeded':
    case 'rolled-back':
    case 'failed':
    case 'lost':
    case 'lost-state':
    case 'cancelled':
    case 'skipped':
      return null;
  }
}

function sayWaits(draft: PlanDraft, counts: Readonly<Partial<Record<WaitCode, number>>>): string {
  const { state } = draft;
  if (state.kind === 'paused') return `; paused: ${state.reason.detail}`;
  const said = WAIT_CODES.flatMap((code) => {
    const n = counts[code] ?? 0;
    if (n === 0 || code === 'WAITS_FOR_WAVE') return [];
    return [code === 'DEADLINE_RUNNING' ? `${n} in progress` : `${n} wait: ${WAITS[code]}`];
  });
  return said.length === 0 ? '' : `; ${said.join(', ')}`;
}

/** `9 of 12 updated, 2 failed, 1 skipped`: the words of the counts, so that sentence and counts agree. */
function sayEnded(draft: PlanDraft): string {
  const { total, succeeded, failures } = draft.tally();
  const { skipped, cancelled } = countStates(draft);
  const others = Object.entries({ failed: failures, skipped, cancelled });
  return [
    `${succeeded} of ${total} updated`,
    ...others.flatMap(([word, n]) => (n > 0 ? [`${n} ${word}`] : [])),
  ].join(', ');
}

function countBy(codes: readonly WaitCode[]): Partial<Record<WaitCode, number>> {
  const counts: Partial<Record<WaitCode, number>> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

function countStates(draft: PlanDraft): Record<HostUpdateKind, number> {
  const counts = Object.fromEntries(HOST_UPDATE_KINDS.map((kind) => [kind, 0])) as Record<
    HostUpdateKind,
    number
  >;
  for (const { state } of draft.updates) counts[state.kind] += 1;
  return counts;
}
