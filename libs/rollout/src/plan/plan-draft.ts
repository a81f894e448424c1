import { advanceHostUpdate, NEW_HOST_UPDATE } from '../host-update/host-update.machine';
import type { HostUpdateEvent } from '../host-update/host-update.event';
import type { HostUpdateContext } from '../host-update/host-update.step';
import type { HostUpdateState } from '../host-update/host-update.state';
import { isFailure, isInFlight, isMissed, isTerminal } from '../host-update/host-update.traits';
import type { Strategy } from '../model/strategy';
import { advanceRollout, type RolloutEvent } from '../rollout/rollout.machine';
import type { RolloutState } from '../rollout/rollout.state';
import { advanceWave, type WaveEvent, type WaveState } from '../wave/wave.machine';
import type { RolloutEffect } from './rollout.effect';
import type { HostUpdateSnapshot, RolloutSnapshot } from './rollout.snapshot';
import { type StartView, whyPending, whyRolloutWaits } from './start-gates';

/** A host update as it stands once the effects so far are stored. */
export interface DraftHostUpdate {
  readonly update: HostUpdateSnapshot;
  state: HostUpdateState;
  /** Started by this very plan. */
  started: boolean;
}

interface Tally {
  total: number;
  ended: number;
  failures: number;
  succeeded: number;
  /** Ended without being updated although they did not run the release. */
  missed: number;
  /** Not started because the rollout was aborted. */
  cancelled: number;
  inFlight: number;
}

/** The snapshot with the plan's effects applied so far. */
export class PlanDraft {
  readonly effects: RolloutEffect[] = [];
  /** In starting order. */
  readonly updates: readonly DraftHostUpdate[];
  readonly waves: WaveState[];
  readonly strategy: Strategy;
  state: RolloutState;

  constructor(
    private readonly snapshot: RolloutSnapshot,
    readonly nowMs: number,
  ) {
    this.state = snapshot.state;
    this.strategy = snapshot.strategy;
    this.waves = snapshot.waves.map((wave) => wave.state);
    this.updates = snapshot.hostUpdates
      .map((update) => ({ update, state: update.state, started: false }))
      .sort((a, b) => a.update.position - b.update.position);
  }

  openRollout(): void {
    this.applyToRollout({ kind: 'started' });
    if (this.updates.some(({ state }) => isInFlight(state)))
      this.applyToRollout({ kind: 'reopened' });
  }

  advanceHostUpdates(): void {
    for (const draft of this.updates) {
      for (const event of this.eventsFor(draft)) this.applyToHostUpdate(draft, event);
    }
  }

  /** Each round ends the open wave or is the last one. */
  takeTurns(): void {
    for (let before: number | null | undefined; ;) {
      const view = this.startView();
      const waveIndex = view.openWaveIndex;
      if (waveIndex === before) return;
      before = waveIndex;
      if (whyRolloutWaits(view) === null) this.takeTurnsOf(waveIndex);
      this.closeRollout();
    }
  }

  /** Until the failure budget is spent. */
  private takeTurnsOf(waveIndex: number | null): void {
    let { failures } = this.tally();
    for (const draft of this.updates) {
      if (draft.update.waveIndex !== waveIndex) continue;
      if (this.spendsBudget(failures)) return;
      const { state } = draft;
      this.takeTurn(draft);
      if (draft.state !== state && isFailure(draft.state)) failures += 1;
    }
  }

  private spendsBudget(failures: number): boolean {
    const { state } = this;
    return (
      state.kind === 'running' && failures > this.strategy.maxFailures + state.failuresAccepted
    );
  }

  private takeTurn(draft: DraftHostUpdate): void {
    if (draft.state.kind !== 'pending') return;
    const { online, busyWith, onRelease, lacks } = draft.update.host;
    if (!online) {
      this.applyToHostUpdate(draft, { kind: 'host-absent' });
      if (this.isOverdue(draft.state)) this.applyToHostUpdate(draft, { kind: 'deadline-passed' });
    } else if (
      busyWith === null &&
      onRelease &&
      !this.strategy.force &&
      draft.state.reason.code === NEW_HOST_UPDATE.reason.code
    ) {
      this.applyToHostUpdate(draft, { kind: 'already-on-release' });
    } else if (busyWith === null && lacks.length > 0) {
      this.applyToHostUpdate(draft, { kind: 'release-unfit', lacks });
    }
  }

  private closeRollout(): void {
    const { total, ended, failures } = this.tally();
    if (ended === total) return this.applyToRollout({ kind: 'ended' });
    if (this.spendsBudget(failures)) this.applyToRollout({ kind: 'failure-budget-spent' });
  }

  startHostUpdates(): void {
    let view = this.startView();
    for (const draft of this.updates) {
      const { state, update } = draft;
      if (state.kind !== 'pending' || whyPending(view, { ...update, state }) !== null) continue;
      this.start(draft);
      view = { ...view, slotsFree: view.slotsFree - 1 };
    }
  }

  advanceWaves(): void {
    const tallies = this.waves.map(newTally);
    for (const { update, state } of this.updates) {
      const tally = tallies[update.waveIndex];
      if (tally !== undefined) count(tally, state);
    }
    tallies.forEach((tally, index) => {
      for (const event of eventsForWave(tally)) this.applyToWave(index, event);
    });
  }

  /** What a host update that asks to start now stands before. */
  startView(): StartView {
    const { state: rollout, strategy } = this;
    const slotsFree = strategy.maxConcurrent - this.tally().inFlight;
    return { rollout, strategy, slotsFree, openWaveIndex: this.openWaveIndex() };
  }

  /** Index of the first wave with a host update that has not ended; null when all have. */
  private openWaveIndex(): number | null {
    let first: number | null = null;
    for (const { update, state } of this.updates) {
      if (!isTerminal(state) && (first === null || update.waveIndex < first))
        first = update.waveIndex;
    }
    return first;
  }

  tally(): Readonly<Tally> {
    const tally = newTally();
    for (const { state } of this.updates) count(tally, state);
    return tally;
  }

  private *eventsFor(draft: DraftHostUpdate): Iterable<HostUpdateEvent> {
    if (isTerminal(draft.state)) return;
    if (draft.update.host.decommissioned) {
      yield { kind: 'host-decommissioned' };
      return;
    }
    // An abort that is on record was of an attempt; a host that waits for its next one has yet to hear of this.
    const knows = draft.update.abortRequested && draft.state.kind !== 'pending';
    if (this.state.kind === 'aborting' && !knows) {
      yield { kind: 'abort-requested' };
    }
    const { state } = draft;
    if (state.kind === 'held' && this.nowMs >= state.retryAtMs) yield { kind: 'hold-elapsed' };
    if (state.kind === 'pending') {
      if (draft.update.host.online) yield { kind: 'host-returned' };
    } else if (this.isOverdue(state)) {
      yield { kind: 'deadline-passed' };
    }
  }

  private isOverdue(state: HostUpdateState): boolean {
    if (!('deadlineAtMs' in state) || state.deadlineAtMs === undefined) return false;
    return this.nowMs >= Math.max(state.deadlineAtMs, this.snapshot.deadlinesHoldFromMs ?? 0);
  }

  private start(draft: DraftHostUpdate): void {
    const step = advanceHostUpdate(draft.state, { kind: 'started' }, this.contextOf(draft));
    if (step.kind !== 'advanced') return;
    const { id, hostId } = draft.update;
    draft.state = step.state;
    draft.started = true;
    this.effects.push({ kind: 'start-host-update', hostUpdateId: id, hostId, step });
  }

  private applyToHostUpdate(draft: DraftHostUpdate, event: HostUpdateEvent): void {
    const step = advanceHostUpdate(draft.state, event, this.contextOf(draft));
    if (step.kind !== 'advanced') return;
    const { id, hostId } = draft.update;
    draft.state = step.state;
    this.effects.push({ kind: 'advance-host-update', hostUpdateId: id, hostId, event, step });
  }

  private applyToRollout(event: RolloutEvent): void {
    const { failures, succeeded, missed } = this.tally();
    const { maxFailures } = this.strategy;
    const step = advanceRollout(this.state, event, { failures, succeeded, missed, maxFailures });
    if (step.kind !== 'advanced') return;
    this.state = step.state;
    this.effects.push({ kind: 'advance-rollout', event, step });
  }

  private applyToWave(index: number, event: WaveEvent): void {
    const state = this.waves[index];
    if (state === undefined) return;
    const step = advanceWave(state, event);
    if (step.kind !== 'advanced') return;
    this.waves[index] = step.state;
    this.effects.push({ kind: 'advance-wave', index, event, state: step.state });
  }

  private contextOf({ update }: DraftHostUpdate): HostUpdateContext {
    const { attempt, finishTries, abortRequested } = update;
    return { nowMs: this.nowMs, strategy: this.strategy, attempt, finishTries, abortRequested };
  }
}

function eventsForWave(tally: Tally): readonly WaveEvent[] {
  const { total, ended, failures, succeeded, missed, cancelled, inFlight } = tally;
  if (ended === total) return [{ kind: 'ended', failures, succeeded, missed, cancelled }];
  return inFlight > 0 || failures > 0 || succeeded > 0
    ? [{ kind: 'reopened' }, { kind: 'started' }]
    : [{ kind: 'reopened' }];
}

const newTally = (): Tally => ({
  ...{ total: 0, ended: 0, failures: 0, succeeded: 0, missed: 0, cancelled: 0, inFlight: 0 },
});

function count(tally: Tally, state: HostUpdateState): void {
  tally.total += 1;
  if (isTerminal(state)) tally.ended += 1;
  if (isFailure(state)) tally.failures += 1;
  if (state.kind === 'succeeded') tally.succeeded += 1;
  if (isMissed(state)) tally.missed += 1;
  if (state.kind === 'cancelled' && state.reason.code === 'ABORT_REQUESTED') tally.cancelled += 1;
  if (isInFlight(state)) tally.inFlight += 1;
}
