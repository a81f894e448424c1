import { randomUUID } from 'node:crypto';
import { arrayText } from '../database/array-text';
import {
  isRolloutTerminal,
  isWaveEnded,
  NEW_HOST_UPDATE,
  NEW_ROLLOUT,
  NEW_WAVE,
  type PlanReport,
  type ReleaseKind,
  type RolloutState,
  type SelectorRequirement,
  type Strategy,
  strategyOf,
  type WaveState,
} from '@luofleet/rollout';
import { LuofleetError } from '@luofleet/platform';
import { Prisma } from '../generated/prisma/client';
import { ConflictError } from '../database/conflict.error';
import type { Database, Reader } from '../database/database';
import { isUniqueViolation } from '../database/database-error';
import { storeEach } from '../database/isolation';
import type { UnitOfWork } from '../database/unit-of-work';
import { columnsOf, IN_FLIGHT_WORDS, NOT_ENDED_WORDS } from '../host-updates/host-update.columns';
import { lackedBy } from '../hosts/capabilities.sql';
import { selectorCondition } from '../hosts/selector.sql';
import type { StoredPlan } from '../records';
import { setAside } from '../set-aside/set-aside.store';
import {
  PLANNABLE_WORDS,
  type RolloutColumns,
  rolloutColumnsOf,
  rolloutStateOf,
  type StateColumns,
  stateColumnsOf,
  waveStateOf,
} from './rollout.columns';

/** A rollout as whoever changes it needs it, locked, with the version it was read at. */
export interface StoredRollout {
  readonly id: string;
  readonly name: string;
  readonly state: RolloutState;
  readonly strategy: Strategy;
  readonly version: number;
  readonly releaseVersion: string;
}

export interface StoredWave {
  readonly id: string;
  readonly index: number;
  readonly state: WaveState;
  readonly version: number;
}

export interface NewRollout {
  readonly name: string;
  readonly release: { readonly id: string; readonly name: string; readonly version: string };
  readonly selector: string;
  readonly strategy: Strategy;
  readonly plan: StoredPlan;
}

/** A host as the wave planner needs it. */
export interface MatchedHost {
  readonly id: string;
  readonly name: string;
  readonly failureDomain: string;
  readonly online: boolean;
  readonly runningVersion: string;
  readonly runningSha256: string;
  /** Capabilities that the update needs and that its agent does not have. */
  readonly lacks: readonly string[];
}

/** Every host that a selector matches, decommissioned ones left out. */
export async function matchHosts(
  client: Reader,
  requirements: readonly SelectorRequirement[],
  releaseKind: ReleaseKind,
): Promise<MatchedHost[]> {
  return client.$queryRaw<MatchedHost[]>`
    SELECT h.id, h.name, h.failure_domain AS "failureDomain", h.online,
      h.running_version AS "runningVersion", h.running_sha256 AS "runningSha256",
      ${lackedBy(Prisma.sql`${releaseKind}`)} AS lacks FROM hosts h
    WHERE h.decommissioned_at IS NULL AND ${selectorCondition(requirements)} ORDER BY h.name`;
}

/** A rollout that has not ended, of another release, with updates of some hosts that have not ended. */
export interface OverlappingRollout {
  readonly name: string;
  readonly release: string;
  readonly hosts: number;
}

export async function overlappingRollouts(
  client: Reader,
  hostIds: readonly string[],
  releaseId: string,
): Promise<OverlappingRollout[]> {
  return client.$queryRaw<OverlappingRollout[]>`
    SELECT r.name, rel.name AS release, count(*)::int AS hosts
    FROM host_updates hu JOIN rollouts r ON r.id = hu.rollout_id JOIN releases rel ON rel.id = r.release_id
    WHERE hu.host_id = ANY(${arrayText(hostIds)}::uuid[]) AND hu.state IN (${NOT_ENDED_WORDS})
      AND r.release_id <> ${releaseId}::uuid
    GROUP BY r.id, r.name, rel.name ORDER BY r.created_at`;
}

/**
 * Stores a rollout, its waves and one pending host update for each host of its plan. Returns the rollout's id.
 * @throws LuofleetError ALREADY_EXISTS when the name is taken
 */
export async function insertRollout(unit: UnitOfWork, rollout: NewRollout): Promise<string> {
  const { name, release, selector, strategy, plan } = rollout;
  const id = randomUUID();
  const state = rolloutColumnsOf(NEW_ROLLOUT);
  await unit.client.$executeRaw`
    INSERT INTO rollouts (id, name, release_id, selector, strategy, plan, state, reason_code, reason_detail)
    VALUES (${id}::uuid, ${name}, ${release.id}::uuid, ${selector}, ${JSON.stringify(strategy)}::jsonb,
      ${JSON.stringify(plan)}::jsonb, ${state.state}, ${state.reasonCode}, ${state.reasonDetail})`.catch(
    (error: unknown) => {
      throw isUniqueViolation(error) ? nameTaken(name, error) : error;
    },
  );
  // From the stored plan, on the server: ten thousand hosts are one turn's work for nobody here.
  await unit.client.$executeRaw`
    INSERT INTO waves (id, rollout_id, index, state)
    SELECT gen_random_uuid(), r.id, (w->>'index')::int, ${stateColumnsOf(NEW_WAVE).state}
    FROM rollouts r, jsonb_array_elements(r.plan->'waves') AS w WHERE r.id = ${id}::uuid`;
  await insertHostUpdates(unit, id, rollout);
  unit.record({
    kind: 'rollout-applied',
    rolloutId: id,
    message: `Rollout ${name} of release ${release.name} was applied: ${plan.hostsTotal} hosts in ${plan.waves.length} waves.`,
    data: { name, release: release.name, hostsTotal: plan.hostsTotal, waves: plan.waves.length },
  });
  unit.record(
    ...(plan.warnings ?? []).map(({ code, message }) => ({
      kind: 'rollout-warned' as const,
      rolloutId: id,
      reasonCode: code,
      message,
      data: { name },
    })),
  );
  return id;
}

/** Locks a rollout until the transaction ends, so that one reconciler or operator at a time decides; null: no such. */
export async function lockRollout(unit: UnitOfWork, id: string): Promise<StoredRollout | null> {
  return selectRollout(unit, id, Prisma.sql`FOR UPDATE OF r`);
}

/** The same without waiting: `locked` when somebody else has it. */
export async function tryLockRollout(
  unit: UnitOfWork,
  id: string,
): Promise<StoredRollout | null | 'locked'> {
  const rollout = await selectRollout(unit, id, Prisma.sql`FOR UPDATE OF r SKIP LOCKED`);
  if (rollout !== null) return rollout;
  return (await selectRollout(unit, id, Prisma.empty)) === null ? null : 'locked';
}

async function selectRollout(
  unit: UnitOfWork,
  id: string,
  lock: Prisma.Sql,
): Promise<StoredRollout | null> {
  const [row] = await unit.client.$queryRaw<(Omit<StoredRollout, 'state'> & RolloutColumns)[]>`
    SELECT r.id, r.name, r.state, r.reason_code AS "reasonCode", r.reason_detail AS "reasonDetail",
      r.failures_accepted AS "failuresAccepted", r.strategy, r.version,
      rel.release_version AS "releaseVersion"
    FROM rollouts r JOIN releases rel ON rel.id = r.release_id
    WHERE r.id = ${id}::uuid ${lock}`;
  return row ? { ...row, state: rolloutStateOf(row), strategy: strategyOf(row.strategy) } : null;
}

/** From the stored plan, on the server. A host whose update can not be stored is set aside, unless that is every host. */
async function insertHostUpdates(
  unit: UnitOfWork,
  rolloutId: string,
  { name, release, plan }: NewRollout,
): Promise<void> {
  const update = columnsOf(NEW_HOST_UPDATE);
  const insert = (only: Prisma.Sql) => unit.client.$executeRaw`
    INSERT INTO host_updates (id, rollout_id, wave_id, host_id, position, to_version, state, phase, reason_code,
                              reason_detail)
    SELECT gen_random_uuid(), ${rolloutId}::uuid, p.wave_id, p.host_id, p.position, ${release.version},
      ${update.state}, ${update.phase}, ${update.reasonCode}, ${update.reasonDetail}
    FROM (SELECT w.id AS wave_id, (h.value->>'id')::uuid AS host_id,
            row_number() OVER (ORDER BY v.place, h.place) - 1 AS position
          FROM rollouts r, jsonb_array_elements(r.plan->'waves') WITH ORDINALITY AS v(value, place),
            waves w, jsonb_array_elements(v.value->'hosts') WITH ORDINALITY AS h(value, place)
          WHERE r.id = ${rolloutId}::uuid AND w.rollout_id = r.id AND w.index = (v.value->>'index')::int) p
    ${only}`;
  const why = await unit.attempt(() => insert(Prisma.empty));
  if (why === null) return;
  const hosts = plan.waves.flatMap((wave) => wave.hosts);
  const refused = await storeEach(unit, hosts, (part) =>
    insert(Prisma.sql`WHERE p.host_id = ANY(${arrayText(part.map((host) => host.id))}::uuid[])`),
  );
  if (refused.length === hosts.length) throw why;
  await setAside(
    unit,
    refused.map(({ item: host, why: refusal }) => ({
      ...{ kind: 'host-update', subject: `${rolloutId} ${host.id}`, hostId: host.id, rolloutId },
      ...{
        what: `the update of host ${host.name} in rollout ${name}`,
        why: refusal,
        content: host,
      },
    })),
  );
}

export async function readWaves(client: Reader, rolloutId: string): Promise<StoredWave[]> {
  const rows = await client.$queryRaw<
    (Omit<StoredWave, 'state'> & StateColumns<WaveState['kind']>)[]
  >`
    SELECT id, index, state, reason_code AS "reasonCode", reason_detail AS "reasonDetail", version
    FROM waves WHERE rollout_id = ${rolloutId}::uuid ORDER BY index`;
  return rows.map((row) => ({
    id: row.id,
    index: row.index,
    version: row.version,
    state: waveStateOf(row),
  }));
}

export interface RolloutStateChange {
  readonly rollout: Pick<StoredRollout, 'id' | 'version' | 'name'>;
  readonly state: RolloutState;
}

/** @throws ConflictError when one is not at the version it was read at */
export async function writeRolloutStates(
  unit: UnitOfWork,
  changes: readonly RolloutStateChange[],
  nowMs: number,
): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ rollout: { id, version }, state }) => {
    return { id, version, ...rolloutColumnsOf(state), ended: isRolloutTerminal(state) };
  });
  const now = new Date(nowMs);
  const written = await unit.client.$executeRaw`
    UPDATE rollouts r SET state = v.state, reason_code = v."reasonCode",
      reason_detail = v."reasonDetail", failures_accepted = v."failuresAccepted",
      started_at = CASE WHEN v.state = 'running' THEN COALESCE(r.started_at, ${now}::timestamptz) ELSE r.started_at END,
      finished_at = CASE WHEN v.ended THEN ${now}::timestamptz END,
      version = r.version + 1
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS v(id uuid, version int, state text,
      "reasonCode" text, "reasonDetail" text, "failuresAccepted" int, ended boolean)
    WHERE r.id = v.id AND r.version = v.version`;
  if (written !== changes.length)
    throw new ConflictError(
      'store rollouts',
      `rollout ${changes.map(({ rollout }) => rollout.name).join(', ')}`,
    );
}

/** Stores why each thing that does not move is waiting, if that differs from what is stored. */
export async function writeReport(
  unit: UnitOfWork,
  rolloutId: string,
  report: PlanReport,
): Promise<void> {
  await unit.client.$executeRaw`
    UPDATE rollouts SET report = ${JSON.stringify(report)}::jsonb
    WHERE id = ${rolloutId}::uuid AND report IS DISTINCT FROM ${JSON.stringify(report)}::jsonb`;
}

export interface WaveStateChange {
  readonly wave: Pick<StoredWave, 'id' | 'index' | 'version'>;
  readonly state: WaveState;
}

/** @throws ConflictError when one is not at the version it was read at */
export async function writeWaveStates(
  unit: UnitOfWork,
  changes: readonly WaveStateChange[],
  nowMs: number,
): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ wave: { id, version }, state }) => {
    return { id, version, ...stateColumnsOf(state), ended: isWaveEnded(state) };
  });
  const now = new Date(nowMs);
  const written = await unit.client.$executeRaw`
    UPDATE waves w SET state = v.state, reason_code = v."reasonCode",
      reason_detail = v."reasonDetail",
      started_at = CASE WHEN v.state <> 'pending' THEN COALESCE(w.started_at, ${now}::timestamptz) END,
      finished_at = CASE WHEN v.ended THEN ${now}::timestamptz END,
      version = w.version + 1
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS v(id uuid, version int, state text,
      "reasonCode" text, "reasonDetail" text, ended boolean)
    WHERE w.id = v.id AND w.version = v.version`;
  if (written !== changes.length)
    throw new ConflictError(
      'store waves',
      `wave ${changes.map(({ wave }) => wave.index).join(', ')}`,
    );
}

/**
 * Rollouts that something may be due in: those that run or end, and any with updates still in flight. Costs what is
 * in flight, not what was ever updated.
 */
export async function rolloutsToReconcile(database: Database): Promise<string[]> {
  const rows = await database.read('find rollouts to reconcile', 'rollouts', (client) => {
    return client.$queryRaw<{ id: string }[]>`
      SELECT id FROM rollouts WHERE state IN (${PLANNABLE_WORDS})
      UNION SELECT rollout_id FROM host_updates WHERE state IN (${IN_FLIGHT_WORDS})`;
  });
  return rows.map(({ id }) => id);
}

function nameTaken(name: string, cause: unknown): LuofleetError {
  return new LuofleetError({
    code: 'ALREADY_EXISTS',
    operation: 'apply rollout',
    subject: `rollout ${name}`,
    detail: `There is a rollout ${name} already; give this one another metadata.name.`,
    issues: [{ path: 'metadata.name', message: 'is taken' }],
    cause,
  });
}
