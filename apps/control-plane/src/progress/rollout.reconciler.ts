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
} from '@luofleet/persistence';
import {
  type HostUpdateState,
  type NextPlan,
  planNext,
  type RolloutSnapshot,
  shortenReport,
} from '@luofleet/rollout';
import { type IssuedCommands, RolloutChange, type StoredEach } from './rollout-change';

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
  const change = new RolloutChange('planner');
  for (const effect of effects) {
    if (effect.kind !== 'start-host-update' && effect.kind !== 'advance-host-update') continue;
    const update = byId.get(effect.hostUpdateId);
    if (update) change.hostUpdate(update, effect.step);
  }
  return change.storeEach(unit, nowMs, () => rollout.strategy);
}

/** Stores what follows for waves and rollout, once all their host updates are stored as they were decided. */
async function storeStates(
  unit: UnitOfWork,
  { rollout, waves }: ReadRollout,
  { effects }: NextPlan,
  nowMs: number,
): Promise<void> {
  const change = new RolloutChange('planner');
  for (const effect of effects) {
    if (effect.kind === 'advance-rollout') change.rollout(rollout, effect.step);
    if (effect.kind !== 'advance-wave') continue;
    const wave = waves.find(({ index }) => index === effect.index);
    if (wave) change.wave(rollout, wave, effect.state);
  }
  await change.store(unit, nowMs);
}
