import { Prisma } from '../generated/prisma/client';
import {
  decodeCursor,
  invalidCursor,
  type Slice,
  type SliceRequest,
  sliceOf,
} from '../database/cursor';
import type { Database } from '../database/database';
import { resolveId } from '../database/reference';
import { reasonColumns } from '../database/reason.sql';
import type { HostUpdateRecord, PlannedHostRecord } from '../records';
import { type RolloutColumns, rolloutStateOf } from '../rollouts/rollout.columns';
import {
  type StartView,
  whyPending,
  type HostUpdateKind,
  type Strategy,
  strategyOf,
} from '@luofleet/rollout';
import { BUSY_WITH } from './host-updates.store';

const COLUMNS = Prisma.sql`
  hu.id, hu.rollout_id AS "rolloutId", r.name AS "rolloutName", hu.host_id AS "hostId",
  h.name AS "hostName", w.index AS "waveIndex", hu.position, hu.state, NULLIF(hu.phase, '') AS phase,
  ${reasonColumns('hu')} AS reason, hu.attempt, hu.finish_tries AS "finishTries", hu.generation,
  hu.deadline_at AS "deadlineAt", hu.retry_at AS "retryAt", hu.abort_requested AS "abortRequested",
  hu.from_version AS "fromVersion", hu.to_version AS "toVersion", hu.frozen_at AS "frozenAt",
  hu.resumed_at AS "resumedAt", hu.blackout_ms AS "blackoutMs", hu.started_at AS "startedAt",
  hu.finished_at AS "finishedAt", hu.version`;

/** What a pending host update stands before, as the planner last saw it. */
const STANDS_BEFORE = Prisma.sql`
  CASE WHEN hu.state = 'pending' AND r.state <> 'planned' THEN jsonb_build_object(
    'online', h.online, 'busyWith', ${BUSY_WITH}, 'openWaveIndex', r.report->'waveIndex',
    'strategy', r.strategy, 'rollout', jsonb_build_object(
      'state', r.state, 'reasonCode', r.reason_code, 'reasonDetail', r.reason_detail,
      'failuresAccepted', r.failures_accepted)) END AS before`;

interface StandsBefore {
  readonly online: boolean;
  readonly busyWith: string | null;
  readonly openWaveIndex: number | null;
  readonly strategy: Strategy;
  readonly rollout: RolloutColumns;
}

/** Reads host updates as operators see them. */
export class HostUpdatesReader {
  constructor(private readonly database: Database) {}

  /**
   * Host updates of a rollout in their order.
   * @throws LuofleetError NOT_FOUND when there is no such rollout
   */
  async listOfRollout(
    rollout: string,
    request: SliceRequest & { readonly state?: HostUpdateKind | undefined },
  ): Promise<Slice<HostUpdateRecord>> {
    const after = position(decodeCursor(request.cursor, 1)?.[0]);
    const byState =
      request.state === undefined ? Prisma.sql`TRUE` : Prisma.sql`hu.state = ${request.state}`;
    const rows = await this.database.read(
      'list host updates',
      `rollout ${rollout}`,
      async (client) => {
        const rolloutId = await resolveId(client, 'rollout', rollout);
        return client.$queryRaw<(HostUpdateRecord & { before: StandsBefore | null })[]>`
        SELECT ${COLUMNS}, ${STANDS_BEFORE}
        FROM host_updates hu JOIN rollouts r ON r.id = hu.rollout_id
          JOIN hosts h ON h.id = hu.host_id JOIN waves w ON w.id = hu.wave_id
        WHERE hu.rollout_id = ${rolloutId}::uuid AND hu.position > ${after} AND ${byState}
        ORDER BY hu.position LIMIT ${request.limit + 1}`;
      },
    );
    return sliceOf(rows.map(explained), request.limit, (update) => [String(update.position)]);
  }

  /**
   * The hosts of a rollout's plan, of all waves or one, in the order in which they start: each has one host update.
   * @throws LuofleetError NOT_FOUND when there is no such rollout
   */
  async listPlannedHosts(
    rollout: string,
    request: SliceRequest & { readonly wave?: number | undefined },
  ): Promise<Slice<PlannedHostRecord>> {
    const after = position(decodeCursor(request.cursor, 1)?.[0]);
    const inWave =
      request.wave === undefined ? Prisma.sql`TRUE` : Prisma.sql`w.index = ${request.wave}`;
    const rows = await this.database.read('list plan', `rollout ${rollout}`, async (client) => {
      const rolloutId = await resolveId(client, 'rollout', rollout);
      return client.$queryRaw<PlannedHostRecord[]>`
        SELECT h.id, h.name, w.index AS "waveIndex", hu.position
        FROM host_updates hu JOIN hosts h ON h.id = hu.host_id JOIN waves w ON w.id = hu.wave_id
        WHERE hu.rollout_id = ${rolloutId}::uuid AND hu.position > ${after} AND ${inWave}
        ORDER BY hu.position LIMIT ${request.limit + 1}`;
    });
    return sliceOf(rows, request.limit, (host) => [String(host.position)]);
  }
}

/** The reason why an update has not started is the planner's, told with what is known now. */
function explained({
  before,
  ...update
}: HostUpdateRecord & { readonly before: StandsBefore | null }): HostUpdateRecord {
  if (before === null) return update;
  const { online, busyWith, openWaveIndex } = before;
  const deadlineAtMs = update.deadlineAt?.getTime();
  const view: StartView = {
    rollout: rolloutStateOf(before.rollout),
    openWaveIndex,
    // The planner has started what has room: what no other gate holds waits for a slot.
    slotsFree: 0,
    strategy: strategyOf(before.strategy),
  };
  const why = whyPending(view, {
    state: deadlineAtMs === undefined ? {} : { deadlineAtMs },
    waveIndex: update.waveIndex,
    host: { name: update.hostName, online, busyWith },
  });
  if (why === null) return update;
  const { code, detail } = why;
  return { ...update, reason: { code, detail } };
}

function position(text: string | undefined): number {
  if (text === undefined) return -1;
  if (!/^\d{1,9}$/.test(text)) throw invalidCursor();
  return Number(text);
}
