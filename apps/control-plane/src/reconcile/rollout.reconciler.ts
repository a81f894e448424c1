/**
 * DOC: reconcile
 *
 * Purpose: asks the pure planner what is due in one rollout and stores its answer, in one transaction.
 *
 * Happy path: lock the rollout, read it whole (three queries, whatever its size), plan, store every effect, commit; then
 * the hosts that got commands are served.
 *
 * Unhappy paths: somebody changed a host update in between (ConflictError): planned again over locked host updates, since
 * in a busy rollout some result always comes in between. Postgres refuses a host update: it is set aside, ends, and the
 * rollout is planned again with that; one that can not even end counts as ended. Another rollout took a host first: the unique index on active host updates refuses, and the next plan sees the host as busy. The process
 * dies: nothing was stored, or everything; what was not sent is found by the sweep.
 *
 * Time is the database's, read after the rows: a stall after that judges too early, never too late.
 *
 * Ordering: the rollout's row lock lets one planner at a time decide; it is taken before any other lock. Nobody waits
 * for it: a busy rollout would fill the worker with runs that wait, and other rollouts would stand still.
 */
import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  type EventDraft,
  type JudgingTime,
  lockRollout,
  readHostUpdates,
  readJudgingTime,
  readWaves,
  type StoredHostUpdate,
  type StoredRollout,
  type StoredWave,
  tryLockRollout,
  type UnitOfWork,
  writeReport,
  writeRolloutState,
  writeWaveState,
} from '@luofleet/persistence';
import {
  type HostUpdateState,
  type NextPlan,
  planNext,
  type RolloutEffect,
  type RolloutSnapshot,
  type RolloutState,
  shortenReport,
  type WaveState,
} from '@luofleet/rollout';
import {
  HostUpdateChanges,
  type IssuedCommands,
  type StoredEach,
} from '../commands/host-update.changes';

/** Host updates of which nothing can be stored, with the states they should be in. */
type Stuck = ReadonlyMap<string, HostUpdateState>;

/** Entries of a stored report; more are only counted. A person reads the first few, and the row stays small. */
const REPORT_WAITS_MAX = 200;

@Injectable()
export class RolloutReconciler {
  constructor(@Inject(Database) private readonly database: Database) {}

  /**
   * Stores what is due. Returns the commands to be sent; none when the rollout is not there any more; `locked` when
   * somebody else is at it, and nothing was looked at, unless `wait` says to wait for that.
   */
  async reconcile(
    rolloutId: string,
    { wait = false } = {},
  ): Promise<readonly IssuedCommands[] | 'locked'> {
    const subject = `rollout ${rolloutId}`;
    let tries = 0;
    return this.database.transaction('reconcile rollout', subject, async (unit) => {
      if (wait) await lockRollout(unit, rolloutId);
      return this.reconcileWithin(unit, rolloutId, { lock: tries++ > 0 });
    });
  }

  /** The same in a transaction that is under way; never `locked` when that has locked the rollout first. */
  async reconcileWithin(
    unit: UnitOfWork,
    rolloutId: string,
    { lock = false, stuck = new Map() as Stuck } = {},
  ): Promise<readonly IssuedCommands[] | 'locked'> {
    const rollout = await tryLockRollout(unit, rolloutId);
    if (rollout === 'locked') return rollout;
    if (rollout === null) return [];
    const waves = await readWaves(unit.client, rolloutId);
    const updates = (await readHostUpdates(unit.client, rolloutId, { lock })).map((update) => ({
      ...update,
      state: stuck.get(update.id) ?? update.state,
    }));
    const time = await readJudgingTime(unit.client);
    const { nowMs } = time;
    const plan = planNext(snapshotOf({ rollout, waves, updates }, time), nowMs);
    const stored = await storeHostUpdates(unit, { rollout, waves, updates }, plan, nowMs);
    if (stored.refused) {
      const more = await this.reconcileWithin(unit, rolloutId, {
        ...{ lock, stuck: new Map([...stuck, ...stored.stuck]) },
      });
      return more === 'locked' ? more : [...stored.issued, ...more];
    }
    await storeStates(unit, { rollout, waves, updates }, plan, nowMs);
    await writeReport(unit, rolloutId, shortenReport(plan.report, REPORT_WAITS_MAX));
    return stored.issued;
  }
}

interface ReadRollout {
  readonly rollout: StoredRollout;
  readonly waves: readonly StoredWave[];
  readonly updates: readonly StoredHostUpdate[];
}

function snapshotOf(
  { rollout, waves, updates }: ReadRollout,
  { deadlinesHoldFromMs }: JudgingTime,
): RolloutSnapshot {
  return {
    state: rollout.state,
    strategy: rollout.strategy,
    waves: waves.map(({ index, state }) => ({ index, state })),
    hostUpdates: updates.map((update) => ({ ...update, hostId: update.host.id })),
    deadlinesHoldFromMs,
  };
}

/** Stores what a plan has decided about host updates. */
async function storeHostUpdates(
  unit: UnitOfWork,
  { rollout, updates }: ReadRollout,
  { effects }: NextPlan,
  nowMs: number,
): Promise<StoredEach> {
  const byId = new Map(updates.map((update) => [update.id, update]));
  const changes = new HostUpdateChanges();
  for (const effect of effects) {
    if (effect.kind !== 'start-host-update' && effect.kind !== 'advance-host-update') continue;
    const update = byId.get(effect.hostUpdateId);
    if (update) changes.add(update, effect.step);
  }
  return changes.storeEach(unit, nowMs, () => rollout.strategy);
}

/** Stores what follows for waves and rollout, with their events; of several states of one only the last is written. */
async function storeStates(
  unit: UnitOfWork,
  { rollout, waves }: ReadRollout,
  { effects }: NextPlan,
  nowMs: number,
): Promise<void> {
  const waveStates = new Map<number, WaveState>();
  let rolloutState: RolloutState | undefined;
  for (const effect of effects) {
    if (effect.kind === 'advance-wave') waveStates.set(effect.index, effect.state);
    if (effect.kind === 'advance-rollout') rolloutState = effect.state;
  }
  if (rolloutState) await writeRolloutState(unit, rollout, rolloutState, nowMs);
  for (const wave of waves) {
    const state = waveStates.get(wave.index);
    if (state) await writeWaveState(unit, wave, state, nowMs);
  }
  unit.record(...effects.flatMap((effect) => eventsOf(rollout, effect)));
}

function eventsOf(rollout: StoredRollout, effect: RolloutEffect): EventDraft[] {
  if (effect.kind === 'advance-wave') {
    const { index, state } = effect;
    return [
      {
        kind: `wave-${state.kind}`,
        rolloutId: rollout.id,
        message: `Wave ${index + 1} of rollout ${rollout.name}: ${state.kind}.`,
        data: { index, state: state.kind },
      },
    ];
  }
  return effect.kind === 'advance-rollout' ? [rolloutEvent(rollout, effect.state)] : [];
}

function rolloutEvent(
  rollout: Pick<StoredRollout, 'id' | 'name'>,
  state: RolloutState,
): EventDraft {
  const reason = 'reason' in state ? state.reason : undefined;
  return {
    kind: `rollout-${state.kind}`,
    rolloutId: rollout.id,
    reasonCode: reason?.code,
    message: `Rollout ${rollout.name}: ${state.kind}${reason ? `, ${reason.detail}` : ''}.`,
    data: { name: rollout.name, state: state.kind },
  };
}
