import { Inject, Injectable } from '@nestjs/common';
import type { ReadinessResponse } from '@luofleet/contracts';
import { Database } from '@luofleet/persistence';
import { RedisProbe } from './redis.probe';

/** A service that does not answer within this time counts as not reachable. */
const ANSWER_WITHIN_MS = 2000;

type Check = ReadinessResponse['checks'][number];

/** Whether this process can do its work, and if not, what is missing. */
@Injectable()
export class Readiness {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(RedisProbe) private readonly redis: RedisProbe,
  ) {}

  async check(): Promise<ReadinessResponse> {
    const checks = await Promise.all([
      probe('postgres', () => this.database.ping()),
      probe('redis', () => this.redis.ping()),
    ]);
    return { ready: checks.every(({ ok }) => ok), checks };
  }
}

async function probe(name: Check['name'], ask: () => Promise<unknown>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)),
      ANSWER_WITHIN_MS,
    );
  });
  try {
    await Promise.race([ask(), timeout]);
    return { name, ok: true, detail: '' };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
