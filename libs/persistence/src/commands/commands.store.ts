import {
  type CommandPhase,
  type HostUpdateState,
  type Reason,
  type Strategy,
  strategyOf,
} from '@luofleet/rollout';
import { arrayText } from '../database/array-text';
import { ConflictError } from '../database/conflict.error';
import type { Reader } from '../database/database';
import type { UnitOfWork } from '../database/unit-of-work';
import { type HostUpdateColumns, stateOf } from '../host-updates/host-update.columns';
import type { CommandState, ReleaseRecord } from '../records';

export interface NewCommand {
  readonly idempotencyKey: string;
  readonly hostUpdateId: string;
  readonly hostId: string;
  readonly phase: CommandPhase;
  readonly attempt: number;
  readonly generation: bigint;
  /** Empty: starts at once. */
  readonly afterKey: string;
  readonly timeoutMs: number;
  readonly soakMs: number;
}

/** A command with all that an agent has to be told. */
export interface SendableCommand extends NewCommand {
  readonly rolloutId: string;
  readonly release: ReleaseRecord;
}

/** A command and the host update it belongs to, as a result meets them. */
export interface AnsweredCommand {
  readonly idempotencyKey: string;
  /** The database's clock when this was read, milliseconds since the epoch. */
  readonly readAtMs: number;
  readonly phase: CommandPhase;
  readonly attempt: number;
  /** The host's word on it is not known yet; also of one that was voided because its attempt was over. */
  readonly unanswered: boolean;
  readonly host: { readonly id: string; readonly name: string };
  readonly strategy: Strategy;
  readonly update: {
    readonly id: string;
    readonly rolloutId: string;
    readonly state: HostUpdateState;
    readonly attempt: number;
    readonly finishTries: number;
    readonly generation: bigint;
    readonly abortRequested: boolean;
    readonly version: number;
    readonly toVersion: string;
  };
}

export interface CommandEnd {
  readonly idempotencyKey: string;
  readonly state: Exclude<CommandState, 'queued' | 'sent' | 'accepted'>;
  readonly outcome: string;
  readonly reason: Reason | null;
  readonly startedAtMs?: number | undefined;
  readonly finishedAtMs?: number | undefined;
}

/** Stores commands; a key that is there already is left as it is. */
export async function insertCommands(
  unit: UnitOfWork,
  commands: readonly NewCommand[],
): Promise<void> {
  if (commands.length === 0) return;
  const rows = commands.map((command) => ({
    ...command,
    generation: command.generation.toString(),
  }));
  await unit.client.$executeRaw`
    INSERT INTO commands (idempotency_key, host_update_id, host_id, phase, attempt, generation, after_key,
                          timeout_ms, soak_ms)
    SELECT v."idempotencyKey", v."hostUpdateId", v."hostId", v.phase, v.attempt, v.generation, v."afterKey",
           v."timeoutMs", v."soakMs"
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS v(
      "idempotencyKey" text, "hostUpdateId" uuid, "hostId" uuid, phase text, attempt int, generation bigint,
      "afterKey" text, "timeoutMs" int, "soakMs" int)
    ON CONFLICT (idempotency_key) DO NOTHING`;
}

/** Commands of these host updates that nobody has been told about will never be sent. */
export async function voidQueuedCommands(
  unit: UnitOfWork,
  hostUpdateIds: readonly string[],
): Promise<void> {
  if (hostUpdateIds.length === 0) return;
  await unit.client.$executeRaw`
    UPDATE commands SET state = 'voided'
    WHERE host_update_id = ANY(${arrayText(hostUpdateIds)}::uuid[]) AND state = 'queued'`;
}

/** What a result's key refers to; null when nothing does. */
export async function readAnsweredCommand(
  client: Reader,
  idempotencyKey: string,
): Promise<AnsweredCommand | null> {
  const [row] = await client.$queryRaw<
    (Pick<AnsweredCommand, 'idempotencyKey' | 'readAtMs' | 'attempt' | 'unanswered' | 'strategy'> &
      Omit<AnsweredCommand['update'], 'state' | 'attempt' | 'id'> &
      HostUpdateColumns & {
        commandPhase: CommandPhase;
        updateId: string;
        updateAttempt: number;
        hostId: string;
        hostName: string;
      })[]
  >`
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "readAtMs",
      c.idempotency_key AS "idempotencyKey", c.phase AS "commandPhase", c.attempt,
      (c.state IN ('queued', 'sent', 'accepted') OR (c.outcome = '' AND c.sent_at IS NOT NULL)) AS unanswered, h.id AS "hostId", h.name AS "hostName", r.strategy,
      hu.id AS "updateId", hu.rollout_id AS "rolloutId", hu.state, hu.phase, hu.reason_code AS "reasonCode",
      hu.reason_detail AS "reasonDetail", hu.reason_errno AS "reasonErrno",
      hu.reason_subject AS "reasonSubject", hu.deadline_at AS "deadlineAt", hu.retry_at AS "retryAt",
      hu.attempt AS "updateAttempt", hu.finish_tries AS "finishTries", hu.generation,
      hu.abort_requested AS "abortRequested", hu.version, hu.to_version AS "toVersion"
    FROM commands c JOIN host_updates hu ON hu.id = c.host_update_id JOIN hosts h ON h.id = c.host_id
      JOIN rollouts r ON r.id = hu.rollout_id
    WHERE c.idempotency_key = ${idempotencyKey}`;
  if (!row) return null;
  return {
    idempotencyKey: row.idempotencyKey,
    readAtMs: row.readAtMs,
    phase: row.commandPhase,
    attempt: row.attempt,
    unanswered: row.unanswered,
    host: { id: row.hostId, name: row.hostName },
    strategy: strategyOf(row.strategy),
    update: {
      id: row.updateId,
      rolloutId: row.rolloutId,
      state: stateOf(row),
      attempt: row.updateAttempt,
      finishTries: row.finishTries,
      generation: row.generation,
      abortRequested: row.abortRequested,
      version: row.version,
      toVersion: row.toVersion,
    },
  };
}

/**
 * Writes how a command ended, as its host says; that it was voided meanwhile was only our word.
 * @throws ConflictError when it was answered in the meantime
 */
export async function endCommand(unit: UnitOfWork, end: CommandEnd): Promise<void> {
  const written = await unit.client.$executeRaw`
    UPDATE commands SET state = ${end.state}::"CommandState", outcome = ${end.outcome},
      reason_code = ${end.reason?.code ?? ''}, reason_detail = ${end.reason?.detail ?? ''},
      reason_errno = ${end.reason?.errnoCode ?? ''}, reason_subject = ${end.reason?.subject ?? ''},
      started_at = ${moment(end.startedAtMs)}::timestamptz,
      finished_at = COALESCE(${moment(end.finishedAtMs)}::timestamptz, now())
    WHERE idempotency_key = ${end.idempotencyKey} AND outcome = ''`;
  if (written !== 1) throw new ConflictError('record result', `command ${end.idempotencyKey}`);
}

/** The agent has it in its journal. Returns whether that was news. */
export async function acceptCommand(
  client: Reader,
  hostId: string,
  idempotencyKey: string,
): Promise<boolean> {
  const written = await client.$executeRaw`
    UPDATE commands SET state = 'accepted', accepted_at = now()
    WHERE idempotency_key = ${idempotencyKey} AND host_id = ${hostId}::uuid AND state IN ('queued', 'sent')`;
  return written === 1;
}

function moment(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms);
}
