import { Inject, Injectable, Optional } from '@nestjs/common';
import type { ReadinessResponse } from '@luofleet/contracts';
import { Database } from '@luofleet/persistence';
import { JobQueue, JobWorkers } from '@luofleet/queue';
import { RedisBus } from '../redis/redis.bus';
import { RedisProbe } from './redis.probe';

type CheckName = ReadinessResponse['checks'][number]['name'];

/** One question to each thing that this process works with; it fails, or has no answer, when that does not serve. */
@Injectable()
export class ServiceProbes {
  readonly questions: readonly (readonly [CheckName, () => Promise<unknown>])[];

  constructor(
    @Inject(Database) database: Database,
    @Inject(RedisProbe) redis: RedisProbe,
    @Inject(RedisBus) bus: RedisBus,
    @Inject(JobQueue) jobs: JobQueue,
    @Optional() @Inject(JobWorkers) workers?: JobWorkers,
  ) {
    this.questions = [
      ['postgres', () => database.ping()],
      [
        'transactions',
        () =>
          database.transaction(
            'begin a transaction',
            'postgres',
            (unit) => unit.client.$queryRaw`SELECT 1`,
            { urgent: true },
          ),
      ],
      ['redis', () => redis.ping()],
      ['messages', () => bus.ping()],
      ['queue', () => jobs.ping()],
      ...(workers ? [['worker', () => workers.ping()] as const] : []),
    ];
  }
}
