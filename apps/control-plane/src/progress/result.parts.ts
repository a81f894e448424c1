/**
 * DOC: a result part by part
 *
 * Purpose: a result that Postgres refuses as a whole costs no more than what can not be stored of it.
 *
 * Happy path: the result is stored whole; nothing here costs a round trip.
 *
 * Unhappy paths, in the second try (`careful`), each part under a savepoint of its own:
 * 1. A session or a file is refused: it is set aside, the others are stored.
 * 2. What the agent says about the end (reason, times, blackout) is refused: the outcome is stored without it, under
 *    RESULT_NOT_STORABLE, so that the host update goes on as the host does.
 * 3. Nothing of it can be stored: the whole result is set aside, its command ends as failed, and its host update is undone
 *    or fails right away, each where even that can be.
 */
import {
  type AnsweredCommand,
  type BlackoutFacts,
  endCommand,
  readAnsweredCommand,
  setAside,
  settleEndedAttempts,
  settleEndedAttemptsEach,
  type SetAsideItem,
  type UnitOfWork,
  type UnstorableError,
  writeSessionReports,
  writeSessionReportsEach,
} from '@luofleet/persistence';
import type { CommandResult } from '@luofleet/proto';
import type { Reason } from '@luofleet/rollout';
import { reasonFromWire, sessionsFromWire } from '../delivery/wire';

/** What an agent says about how a phase ended. */
export interface Said {
  readonly reason: Reason;
  readonly runningVersion: string;
  readonly blackout?: BlackoutFacts | undefined;
  readonly startedAtMs?: number | undefined;
  readonly finishedAtMs?: number | undefined;
}

export function saidIn(result: CommandResult): Said {
  return {
    reason: reasonFromWire(result.reason),
    runningVersion: result.runningVersion,
    blackout: blackoutOf(result),
    startedAtMs: momentOf(result.startedAtMs),
    finishedAtMs: momentOf(result.finishedAtMs),
  };
}

export const NOT_STORABLE: Said = {
  reason: {
    code: 'RESULT_NOT_STORABLE',
    detail: 'what the agent said about this could not be stored; it was set aside',
  },
  runningVersion: '',
};

interface ReportedResult {
  readonly hostId: string;
  readonly result: CommandResult;
  /** The second try: part by part. */
  readonly careful: boolean;
}

export class ResultParts {
  readonly result: CommandResult;
  private readonly hostId: string;
  private readonly careful: boolean;
  private items: Omit<SetAsideItem, 'hostId' | 'hostUpdateId' | 'rolloutId'>[] = [];
  private nothingStored = false;

  constructor(
    private readonly unit: UnitOfWork,
    { hostId, result, careful }: ReportedResult,
  ) {
    this.hostId = hostId;
    this.result = result;
    this.careful = careful;
  }

  /** Settles what an ended attempt has left open. */
  get settle(): typeof settleEndedAttempts {
    return this.careful ? settleEndedAttemptsEach : settleEndedAttempts;
  }

  /** Null also for a key that can not be asked for. */
  readCommand(): Promise<AnsweredCommand | null> {
    const { idempotencyKey } = this.result;
    return this.store(
      'result',
      () => readAnsweredCommand(this.unit.client, idempotencyKey),
      () => Promise.resolve(null),
    );
  }

  /** Stores a part; one that is refused is set aside with the whole result, and `otherwise` is done instead. */
  async store<T>(
    part: string,
    work: () => Promise<T>,
    otherwise?: (why: UnstorableError) => Promise<T>,
  ): Promise<T> {
    if (!this.careful) return work();
    const found = this.items.length;
    let stored: { readonly value: T } | undefined;
    const why = await this.unit.attempt(async () => {
      stored = { value: await work() };
    });
    if (why === null && stored) return stored.value;
    // What was set aside of a part that was undone as a whole is in what is set aside now.
    this.items = this.items.slice(0, found);
    if (why === null) throw new Error(`part ${part} was neither stored nor refused`);
    this.refuse(part, why);
    return otherwise === undefined ? (undefined as T) : otherwise(why);
  }

  /** Stores what the agent said about the end of the phase, or that it could not be stored. */
  storeSaid<T>(store: (said: Said) => Promise<T>): Promise<T> {
    return this.store(
      'outcome',
      () => store(saidIn(this.result)),
      () => store(NOT_STORABLE),
    );
  }

  async storeSessions(command: AnsweredCommand): Promise<void> {
    const { unit, hostId } = this;
    const owner = { hostId, hostUpdateId: command.update.id, attempt: command.attempt };
    const reports = sessionsFromWire(this.result.sessions);
    if (!this.careful) return writeSessionReports(unit, owner, reports);
    const { sessions, files } = await writeSessionReportsEach(unit, owner, reports);
    const key = command.idempotencyKey;
    for (const { item, why } of sessions)
      this.items.push({
        ...{ kind: 'session', subject: `${key} ${item.name}`, why, content: item },
        what: `session ${item.name} of host ${command.host.name}`,
      });
    for (const { item, why } of files)
      this.items.push({
        kind: 'file',
        subject: `${key} ${item.session.name} 0x${item.file.token.toString(16)}`,
        what: `file 0x${item.file.token.toString(16)} in session ${item.session.name} of host ${command.host.name}`,
        ...{ why, content: item.file },
      });
  }

  /** A result that was too large to be sent whole came without some of its files. */
  tellLeftOut({ host, update, phase }: AnsweredCommand): void {
    const { leftOutFiles } = this.result;
    if (leftOutFiles === 0) return;
    this.unit.record({
      kind: 'result-cut',
      ...{ rolloutId: update.rolloutId, hostId: host.id, hostUpdateId: update.id },
      reasonCode: 'RESULT_TOO_LARGE',
      message: `Host ${host.name}: its result of ${phase} was too large to be sent whole; ${leftOutFiles} files were left out of it.`,
      data: { hostName: host.name, phase, leftOutFiles },
    });
  }

  /** Writes what was set aside, last. */
  async setAside(command?: AnsweredCommand): Promise<void> {
    if (this.items.length === 0) return;
    const { hostId } = this;
    const { id: hostUpdateId, rolloutId } = command?.update ?? {};
    if (command !== undefined && this.nothingStored)
      await this.unit.attempt(() =>
        endCommand(this.unit, {
          idempotencyKey: command.idempotencyKey,
          ...{ state: 'failed', outcome: 'failed', reason: NOT_STORABLE.reason },
        }),
      );
    await setAside(
      this.unit,
      this.items.map((item) => ({ ...item, hostId, hostUpdateId, rolloutId })),
    );
  }

  private refuse(part: string, why: UnstorableError): void {
    this.nothingStored ||= part === 'result';
    const { idempotencyKey } = this.result;
    this.items.push({
      kind: 'result',
      subject: `${idempotencyKey} ${part}`,
      what: `the ${part} of command ${idempotencyKey}`,
      ...{ why, content: this.result },
    });
  }
}

function blackoutOf(result: CommandResult): BlackoutFacts | undefined {
  const frozenAtMs = momentOf(result.frozenAtMs);
  const resumedAtMs = momentOf(result.resumedAtMs);
  if (frozenAtMs === undefined && resumedAtMs === undefined) return undefined;
  return {
    frozenAtMs,
    resumedAtMs,
    blackoutMs: result.blackoutMs > 0 ? result.blackoutMs : undefined,
  };
}

/** 0 on the wire means unknown. */
function momentOf(ms: bigint): number | undefined {
  return ms === 0n ? undefined : Number(ms);
}
