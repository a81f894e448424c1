import type { EventContent } from '@luofleet/contracts';
import type { Prisma } from '../generated/prisma/client';
import { asUnstorable } from './database-error';
import type { UnstorableError } from './unstorable.error';

/** Something that happened, to be recorded with the change it is about. */
export type EventDraft = EventContent & {
  readonly rolloutId?: string | undefined;
  readonly hostId?: string | undefined;
  readonly hostUpdateId?: string | undefined;
  readonly reasonCode?: string | undefined;
  /** For people. */
  readonly message: string;
};

/** One transaction: its connection and the events to be written at its end. */
export class UnitOfWork {
  private readonly drafts: EventDraft[] = [];
  /** When it had begun on this process's monotonic clock: never before the record's now(), whatever stalls after that. */
  readonly begunAtMs = performance.now();

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

  /**
   * Leaves what was recorded for COMMIT to write, which numbers it. Called once, last. Returns whether there was
   * anything.
   */
  async writeEvents(): Promise<boolean> {
    if (this.drafts.length === 0) return false;
    await this.client.$executeRaw`
      INSERT INTO event_batches (drafts) VALUES (${textOf(this.drafts)}::jsonb)`;
    return true;
  }
}

/** Escapes of what JSON can say and Postgres can not: NUL, and surrogates that stand alone. */
const UNSPEAKABLE = /\\u(0000|d[89a-f])/i;

function textOf(drafts: readonly EventDraft[]): string {
  const text = JSON.stringify(drafts);
  if (!UNSPEAKABLE.test(text)) return text;
  return JSON.stringify(drafts, (_key, value: unknown) => {
    if (typeof value === 'string') return speakable(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [speakable(key), one]));
  });
}

const speakable = (text: string): string =>
  Buffer.from(text, 'utf8').toString('utf8').replaceAll('\0', '\ufffd');
