import type { HostUpdateState } from '@luofleet/rollout';
import { isTerminal } from '@luofleet/rollout';
import { Prisma } from '../generated/prisma/client';
import { ConflictError } from '../database/conflict.error';
import type { Reader } from '../database/database';
import type { UnitOfWork } from '../database/unit-of-work';
import { lackedBy } from '../hosts/capabilities.sql';
import {
  columnsOf,
  type HostUpdateColumns,
  IN_FLIGHT_WORDS,
  NOT_ENDED_WORDS,
  stateOf,
} from './host-update.columns';

/** A host update as the machine and the planner need it, with the version it was read at. */
export interface StoredHostUpdate {
  readonly id: string;
  readonly rolloutId: string;
  readonly waveIndex: number;
  readonly position: number;
  readonly state: HostUpdateState;
  readonly attempt: number;
  readonly finishTries: number;
  readonly generation: bigint;
  readonly abortRequested: boolean;
  readonly version: number;
  readonly host: {
    readonly id: string;
    readonly name: string;
    readonly online: boolean;
    readonly decommissioned: boolean;
    readonly runningVersion: string;
    /** It runs the release of the rollout. */
    readonly onRelease: boolean;
    /** Capabilities that the update needs and that its agent does not have. */
    readonly lacks: readonly string[];
    /** Name of another rollout whose update is in flight on this host. */
    readonly busyWith: string | null;
  };
}

/** When workloads stopped and served again, as far as a result says so. */
export interface BlackoutFacts {
  readonly frozenAtMs?: number | undefined;
  readonly resumedAtMs?: number | undefined;
  readonly blackoutMs?: number | undefined;
}

/** A host update as it shall be; written only over the version it was read at. */
export interface HostUpdateChange {
  readonly id: string;
  readonly version: number;
  readonly state: HostUpdateState;
  readonly attempt: number;
  readonly finishTries: number;
  readonly generation: bigint;
  readonly abortRequested: boolean;
  /** Set when an attempt begins: what the host runs then. Clears the times of the attempt before. */
  readonly begins?: { readonly fromVersion: string } | undefined;
  readonly blackout?: BlackoutFacts | undefined;
}

type Row = HostUpdateColumns &
  Omit<StoredHostUpdate, 'state' | 'host'> & {
    readonly hostId: string;
    readonly hostName: string;
    readonly online: boolean;
    readonly decommissioned: boolean;
    readonly runningVersion: string;
    readonly onRelease: boolean;
    readonly lacks: readonly string[];
    readonly busyWith: string | null;
  };

/** Of a pending host update `hu`: name of another rollout whose update is in flight on its host. */
export const BUSY_WITH = Prisma.sql`
  CASE WHEN hu.state = 'pending' THEN (
    SELECT r.name FROM host_updates o JOIN rollouts r ON r.id = o.rollout_id
    WHERE o.host_id = hu.host_id AND o.rollout_id <> hu.rollout_id
      AND o.state IN (${IN_FLIGHT_WORDS}) LIMIT 1) END`;

/**
 * All host updates of a rollout by position. One query, whatever their number. Locked, when asked for, until the
 * transaction ends, so that no result can change one in between; hosts that may start are locked before them.
 */
export async function readHostUpdates(
  client: Reader,
  rolloutId: string,
  { lock = false } = {},
): Promise<StoredHostUpdate[]> {
  if (lock)
    await client.$executeRaw`
      SELECT FROM hosts WHERE online AND id IN (
        SELECT host_id FROM host_updates WHERE rollout_id = ${rolloutId}::uuid AND state = 'pending')
      ORDER BY id FOR NO KEY UPDATE`;
  return selectHostUpdates(client, Prisma.sql`hu.rollout_id = ${rolloutId}::uuid`, lock);
}

/** Host updates of a host that have not ended, over all rollouts; locked until the transaction ends. */
export async function lockOpenUpdatesOfHost(
  unit: UnitOfWork,
  hostId: string,
): Promise<StoredHostUpdate[]> {
  const open = Prisma.sql`hu.host_id = ${hostId}::uuid
    AND hu.state IN (${NOT_ENDED_WORDS})`;
  return selectHostUpdates(unit.client, open, true);
}

async function selectHostUpdates(
  client: Reader,
  condition: Prisma.Sql,
  lock: boolean,
): Promise<StoredHostUpdate[]> {
  const rows = await client.$queryRaw<Row[]>`
    SELECT hu.id, hu.rollout_id AS "rolloutId", w.index AS "waveIndex", hu.position, hu.state, hu.phase,
      hu.reason_code AS "reasonCode", hu.reason_detail AS "reasonDetail", hu.reason_errno AS "reasonErrno",
      hu.reason_subject AS "reasonSubject", hu.deadline_at AS "deadlineAt", hu.retry_at AS "retryAt",
      hu.attempt, hu.finish_tries AS "finishTries", hu.generation,
      hu.abort_requested AS "abortRequested", hu.version, h.id AS "hostId", h.name AS "hostName",
      h.online, h.decommissioned_at IS NOT NULL AS decommissioned, h.running_version AS "runningVersion",
      (h.running_sha256, h.running_version) = (rel.image_sha256, rel.release_version) AS "onRelease",
      ${lackedBy(Prisma.sql`rel.kind::text`)} AS lacks, ${BUSY_WITH} AS "busyWith"
    FROM host_updates hu JOIN hosts h ON h.id = hu.host_id JOIN waves w ON w.id = hu.wave_id
      JOIN rollouts own ON own.id = hu.rollout_id JOIN releases rel ON rel.id = own.release_id
    WHERE ${condition} ORDER BY hu.rollout_id, hu.position
    ${lock ? Prisma.sql`FOR NO KEY UPDATE OF hu` : Prisma.empty}`;
  return rows.map((row) => ({
    id: row.id,
    rolloutId: row.rolloutId,
    waveIndex: row.waveIndex,
    position: row.position,
    state: stateOf(row),
    attempt: row.attempt,
    finishTries: row.finishTries,
    generation: row.generation,
    abortRequested: row.abortRequested,
    version: row.version,
    host: {
      id: row.hostId,
      name: row.hostName,
      online: row.online,
      decommissioned: row.decommissioned,
      runningVersion: row.runningVersion,
      onRelease: row.onRelease,
      lacks: row.lacks,
      busyWith: row.busyWith,
    },
  }));
}

/**
 * Keeps a host update as it was read until the transaction ends.
 * @throws ConflictError when it has changed
 */
export async function holdHostUpdate(
  unit: UnitOfWork,
  { id, version }: Pick<HostUpdateChange, 'id' | 'version'>,
): Promise<void> {
  const held = await unit.client.$executeRaw`
    SELECT FROM host_updates WHERE id = ${id}::uuid AND version = ${version}::int FOR NO KEY UPDATE`;
  if (held !== 1) throw new ConflictError('read host update', `host update ${id}`);
}

/** Name of the rollout whose update, other than this one, is in flight on the host; null when there is none. */
export async function rolloutHoldingHost(
  client: Reader,
  hostId: string,
  exceptHostUpdateId: string,
): Promise<string | null> {
  const [holding] = await client.$queryRaw<{ name: string }[]>`
    SELECT r.name FROM host_updates hu JOIN rollouts r ON r.id = hu.rollout_id
    WHERE hu.host_id = ${hostId}::uuid AND hu.id <> ${exceptHostUpdateId}::uuid
      AND hu.state IN (${IN_FLIGHT_WORDS})`;
  return holding?.name ?? null;
}

/**
 * Writes all changes in one statement. `nowMs` is the database's time that they were decided at; deadlines are moved by what
 * has passed since, so that none is born short or over after a stall.
 * @throws ConflictError when any of the rows is not at the version it was read at
 */
export async function writeHostUpdates(
  unit: UnitOfWork,
  changes: readonly HostUpdateChange[],
  nowMs: number,
): Promise<void> {
  if (changes.length === 0) return;
  const written = await unit.client.$executeRaw`
    UPDATE host_updates hu SET
      state = v.state, phase = v.phase, reason_code = v."reasonCode", reason_detail = v."reasonDetail",
      reason_errno = v."reasonErrno", reason_subject = v."reasonSubject",
      deadline_at = v."deadlineAt" + GREATEST(clock_timestamp() - v.at, interval '0'), retry_at = v."retryAt", attempt = v.attempt,
      finish_tries = v."finishTries", generation = v.generation, abort_requested = v."abortRequested",
      from_version = CASE WHEN v.begins THEN v."fromVersion" ELSE hu.from_version END,
      started_at = CASE WHEN v.begins THEN v.at ELSE hu.started_at END,
      finished_at = CASE WHEN v.terminal THEN v.at END,
      frozen_at = CASE WHEN v.begins THEN NULL ELSE COALESCE(v."frozenAt", hu.frozen_at) END,
      resumed_at = CASE WHEN v.begins THEN NULL ELSE COALESCE(v."resumedAt", hu.resumed_at) END,
      blackout_ms = CASE WHEN v.begins THEN NULL ELSE COALESCE(v."blackoutMs", hu.blackout_ms) END,
      version = hu.version + 1
    FROM jsonb_to_recordset(${JSON.stringify(changes.map((change) => rowOf(change, nowMs)))}::jsonb) AS v(
      id uuid, version int, state text, phase text, "reasonCode" text, "reasonDetail" text,
      "reasonErrno" text, "reasonSubject" text, "deadlineAt" timestamptz, "retryAt" timestamptz,
      attempt int, "finishTries" int, generation bigint, "abortRequested" boolean, begins boolean,
      "fromVersion" text, at timestamptz, terminal boolean, "frozenAt" timestamptz,
      "resumedAt" timestamptz, "blackoutMs" float8)
    WHERE hu.id = v.id AND hu.version = v.version`;
  if (written !== changes.length)
    throw new ConflictError(
      'store host updates',
      changes.length === 1
        ? `host update ${changes[0]?.id}`
        : `one of ${changes.length} host updates`,
    );
}

function rowOf(change: HostUpdateChange, nowMs: number) {
  const { state, begins, blackout, generation, ...rest } = change;
  return {
    ...rest,
    ...columnsOf(state),
    generation: generation.toString(),
    begins: begins !== undefined,
    fromVersion: begins?.fromVersion ?? '',
    at: new Date(nowMs),
    terminal: isTerminal(state),
    frozenAt: moment(blackout?.frozenAtMs),
    resumedAt: moment(blackout?.resumedAtMs),
    blackoutMs: blackout?.blackoutMs ?? null,
  };
}

function moment(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms);
}
