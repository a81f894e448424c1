import type { Prisma } from '../generated/prisma/client';
import { asUnstorable } from './database-error';
import type { UnstorableError } from './unstorable.error';

/** Taken right before events are inserted and held until commit, so that sequence order is commit order. */
const EVENTS_LOCK = 7_270_310;

/** Something that happened, to be recorded with the change it is about. */
export interface EventDraft {
  readonly kind: string;
  readonly rolloutId?: string | undefined;
  readonly hostId?: string | undefined;
  readonly hostUpdateId?: string | undefined;
  readonly reasonCode?: string | undefined;
  /** For people. */
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

/** One transaction: its connection and the events to be written at its end. */
export class UnitOfWork {
  private readonly drafts: EventDraft[] = [];

  constructor(readonly client: Prisma.TransactionClient) {}

  /** Has events written when the transaction ends; nothing is written if it fails. */
  record(...events: readonly EventDraft[]): void {
    this.drafts.push(...events);
  }

  /**
   * Runs `work` so that only `work` is undone when it can not be stored; then returns why, otherwise null. For what is
   * tried again piece by piece: it costs two round trips.
   */
  async attempt(work: () => Promise<unknown>): Promise<UnstorableError | null> {
    const recorded = this.drafts.length;
    await this.client.$executeRaw`SAVEPOINT attempt`;
    let refused: UnstorableError | null = null;
    try {
      await work();
    } catch (error) {
      refused = asUnstorable(error);
      if (refused === null) throw error;
      this.drafts.length = recorded;
      await this.client.$executeRaw`ROLLBACK TO SAVEPOINT attempt`;
    }
    await this.client.$executeRaw`RELEASE SAVEPOINT attempt`;
    return refused;
  }

  /** Writes what was recorded. Called once, last. Returns whether there was anything. */
  async writeEvents(): Promise<boolean> {
    if (this.drafts.length === 0) return false;
    const column = (pick: (draft: EventDraft) => string | undefined) =>
      this.drafts.map((draft) => pick(draft) ?? '');
    await this.client.$executeRaw`
      WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(${EVENTS_LOCK}))
      INSERT INTO events (at, kind, rollout_id, host_id, host_update_id, reason_code, message, data)
      SELECT clock_timestamp(), d.kind, NULLIF(d.rollout_id, '')::uuid, NULLIF(d.host_id, '')::uuid,
             NULLIF(d.host_update_id, '')::uuid, d.reason_code, d.message, d.data::jsonb
      FROM (SELECT count(*) FROM lock) AS taken,
           unnest(
             ${column((d) => d.kind)}::text[], ${column((d) => d.rolloutId)}::text[],
             ${column((d) => d.hostId)}::text[], ${column((d) => d.hostUpdateId)}::text[],
             ${column((d) => d.reasonCode)}::text[], ${column((d) => d.message)}::text[],
             ${this.drafts.map((d) => JSON.stringify(d.data ?? {}))}::text[]
           ) WITH ORDINALITY
           AS d(kind, rollout_id, host_id, host_update_id, reason_code, message, data, place)
      ORDER BY d.place`;
    return true;
  }
}
