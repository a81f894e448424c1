import { advanceHostUpdate, NEW_HOST_UPDATE } from '../host-update/host-update.machine';
import {
  hostUpdateEventOf,
  type CommandOutcome,
  type HostUpdateEvent,
} from '../host-update/host-update.event';
import type { CommandIntent } from '../host-update/host-update.effect';
import type { HostUpdateAdvanced } from '../host-update/host-update.step';
import { isFailure, isInFlight, isMissed, isRetryable } from '../host-update/host-update.traits';
import { idempotencyKey } from '../host-update/idempotency-key';
import type { Strategy } from '../model/strategy';
import { planNext, type NextPlan } from '../plan/rollout.planner';
import type { HostUpdateSnapshot, RolloutSnapshot } from '../plan/rollout.snapshot';
import { advanceRollout, type RolloutEvent } from '../rollout/rollout.machine';
import { NEW_ROLLOUT, type RolloutState } from '../rollout/rollout.state';
import { NEW_WAVE, type WaveState } from '../wave/wave.machine';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Row = Mutable<Omit<HostUpdateSnapshot, 'host'>> & {
  host: Mutable<HostUpdateSnapshot['host']>;
};

export interface IssuedCommand extends CommandIntent {
  readonly hostUpdateId: string;
  readonly key: string;
}

/**
 * DOC: a rollout's record, as a control plane keeps it, for tests
 *
 * Stores effects the way the contract says and checks on the way what must never happen: a key issued twice, or a start
 * that the strategy or the rollout's state forbids. Time moves only when a test says so.
 */
export class FleetSimulation {
  nowMs = 1_000_000;
  /** Until then the control plane believes in no deadline. */
  deadlinesHoldFromMs = 0;
  state: RolloutState = NEW_ROLLOUT;
  readonly waves: WaveState[];
  readonly rows: Row[];
  /** Commands that were stored, by key. */
  readonly issued = new Map<string, IssuedCommand>();
  readonly starts: string[] = [];

  constructor(
    readonly strategy: Strategy,
    waveSizes: readonly number[],
  ) {
    this.waves = waveSizes.map(() => NEW_WAVE);
    this.rows = waveSizes
      .flatMap((size, waveIndex) => Array.from({ length: size }, () => waveIndex))
      .map((waveIndex, position) => ({
        id: `u${position}`,
        hostId: `h${position}`,
        waveIndex,
        position,
        state: NEW_HOST_UPDATE,
        attempt: 0,
        finishTries: 0,
        abortRequested: false,
        host: {
          name: `host-${position}`,
          online: true,
          decommissioned: false,
          onRelease: false,
          lacks: [],
          busyWith: null,
        },
      }));
  }

  snapshot(): RolloutSnapshot {
    const waves = this.waves.map((state, index) => ({ index, state }));
    const { state, strategy, rows: hostUpdates, deadlinesHoldFromMs } = this;
    return { state, strategy, waves, hostUpdates, deadlinesHoldFromMs };
  }

  plan(): NextPlan {
    const plan = planNext(this.snapshot(), this.nowMs);
    for (const effect of plan.effects) {
      switch (effect.kind) {
        case 'advance-rollout':
          this.state = effect.step.state;
          break;
        case 'advance-wave':
          this.waves[effect.index] = effect.state;
          break;
        case 'start-host-update':
          this.checkStart(effect.hostUpdateId);
          this.store(this.row(effect.hostUpdateId), effect.step);
          break;
        case 'advance-host-update':
          this.store(this.row(effect.hostUpdateId), effect.step);
          break;
      }
    }
    return plan;
  }

  /** Delivers a command's result; any command ever issued may be answered at any time, and again. */
  report(command: IssuedCommand, outcome: CommandOutcome): string {
    const row = this.row(command.hostUpdateId);
    const reason = { code: 'E_TEST', detail: `${command.phase} ${outcome}` };
    const event = hostUpdateEventOf({ ...command, outcome, reason });
    const step = advanceHostUpdate(row.state, event, this.contextOf(row));
    if (step.kind === 'advanced') this.store(row, step);
    return step.kind;
  }

  operate(event: RolloutEvent): string {
    const step = advanceRollout(this.state, event, {
      failures: this.count(isFailure),
      succeeded: this.count((state) => state.kind === 'succeeded'),
      missed: this.count(isMissed),
      maxFailures: this.strategy.maxFailures,
    });
    if (step.kind !== 'advanced') return step.kind;
    this.state = step.state;
    if (step.effects.some(({ kind }) => kind === 'retry-host-updates')) this.retryAll();
    return step.kind;
  }

  /** An operator leaves a host out, or takes that back; the rollout hears of the latter. */
  ask(
    row: Row,
    event: Extract<HostUpdateEvent, { kind: 'skip-requested' | 'unskip-requested' }>,
  ): string {
    const step = advanceHostUpdate(row.state, event, this.contextOf(row));
    if (step.kind !== 'advanced') return step.kind;
    if (event.kind === 'unskip-requested' && this.operate(event) === 'illegal') return 'illegal';
    this.store(row, step);
    return step.kind;
  }

  count(is: (state: Row['state']) => boolean): number {
    return this.rows.filter(({ state }) => is(state)).length;
  }

  row(id: string): Row {
    const row = this.rows.find((one) => one.id === id);
    if (row === undefined) throw new Error(`no host update ${id}`);
    return row;
  }

  private retryAll(): void {
    for (const row of this.rows.filter(({ state }) => isRetryable(state))) {
      const step = advanceHostUpdate(row.state, { kind: 'retry-requested' }, this.contextOf(row));
      if (step.kind === 'advanced') this.store(row, step);
    }
  }

  private store(row: Row, step: HostUpdateAdvanced): void {
    row.state = step.state;
    for (const effect of step.effects) {
      switch (effect.kind) {
        case 'begin-attempt':
          Object.assign(row, { attempt: effect.attempt, finishTries: 0, abortRequested: false });
          break;
        case 'issue-commands':
          for (const command of effect.commands) this.issue(row.id, command);
          break;
        case 'record-finish-try':
          row.finishTries = effect.finishTries;
          break;
        case 'record-abort-request':
          row.abortRequested = true;
          break;
        case 'void-commands':
          break;
      }
    }
  }

  private issue(hostUpdateId: string, command: CommandIntent): void {
    const key = idempotencyKey(hostUpdateId, command.phase, command.attempt, command.finishTry);
    if (this.issued.has(key)) throw new Error(`${key} was issued twice`);
    this.issued.set(key, { ...command, hostUpdateId, key });
  }

  private checkStart(id: string): void {
    const { maxConcurrent, maxFailures } = this.strategy;
    const row = this.row(id);
    if (this.state.kind !== 'running') throw new Error(`${id} started while ${this.state.kind}`);
    if (this.count(isInFlight) >= maxConcurrent) throw new Error(`${id} started without a slot`);
    if (this.count(isFailure) > maxFailures + this.state.failuresAccepted) {
      throw new Error(`${id} started after the budget was spent`);
    }
    const earlier = this.rows.filter(({ waveIndex }) => waveIndex < row.waveIndex);
    if (earlier.some(({ state }) => isInFlight(state) || state.kind === 'pending')) {
      throw new Error(`${id} started before an earlier wave had ended`);
    }
    const { online, busyWith, decommissioned, lacks } = row.host;
    if (!online || busyWith !== null || decommissioned || lacks.length > 0) {
      throw new Error(`${id} started on a host that cannot take it`);
    }
    this.starts.push(id);
  }

  private contextOf(row: Row) {
    const { attempt, finishTries, abortRequested } = row;
    return { nowMs: this.nowMs, strategy: this.strategy, attempt, finishTries, abortRequested };
  }
}
