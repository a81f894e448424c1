import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';
import { type Logger, LuofleetError, within } from '@luofleet/platform';
import { type JobName, type JobPayload, JOBS, type QueueName } from './job.catalogue';
import { QUEUE_OPTIONS, type QueueOptions } from './queue.options';

/** Redis that does not take jobs within this time is away. */
const ANSWER_WITHIN_MS = 2000;

/** Adds jobs. */
@Injectable()
export class JobQueue {
  private readonly queues: Readonly<Record<QueueName, Queue>>;
  private readonly logger: Logger;
  /** Calls that Redis has not answered in time. While there are any, no more are left with it, or they would pile up. */
  private late = 0;

  constructor(
    @InjectQueue('reconcile') reconcile: Queue,
    @InjectQueue('phase') phase: Queue,
    @Inject(QUEUE_OPTIONS) options: QueueOptions,
  ) {
    this.queues = { reconcile, phase };
    this.logger = options.logger;
    for (const queue of Object.values(this.queues))
      queue.on('error', (error) => this.logger.warn('queue lost Redis', { err: error }));
  }

  /**
   * Adds jobs in one round trip, to run after `delayMs`; one whose key waits already is not added again. Fails within
   * bounded time while Redis is away; a job that is added after that all the same does no harm.
   */
  async add<Name extends JobName>(
    name: Name,
    payloads: readonly JobPayload<Name>[],
    { delayMs = 0 } = {},
  ): Promise<void> {
    if (payloads.length === 0) return;
    const { queue, schema } = JOBS[name];
    const jobs = payloads.map((payload) => ({
      name,
      data: schema.parse(payload),
      opts: { ...optionsOf(name, payload), delay: delayMs },
    }));
    const away = () => redisAway(`add jobs ${name}`);
    if (this.late > 0) throw away();
    const added = this.queues[queue].addBulk(jobs);
    await within(ANSWER_WITHIN_MS, added, () => {
      this.late += 1;
      const settled = () => (this.late -= 1);
      added.then(settled, settled);
      return away();
    });
  }

  /**
   * Adds jobs without waiting for Redis: for after a commit, when what is due is in Postgres already. Should Redis not
   * take them, the sweep adds them again.
   */
  wake<Name extends JobName>(name: Name, payloads: readonly JobPayload<Name>[]): void {
    this.add(name, payloads).catch((error: unknown) =>
      this.logger.warn('job not added, the sweep will', { job: name, err: error }),
    );
  }

  /** How many jobs wait or run, by queue. */
  async depths(): Promise<Readonly<Record<QueueName, number>>> {
    const names = Object.keys(this.queues) as QueueName[];
    const counts = await Promise.all(
      names.map((name) => this.queues[name].getJobCountByTypes('waiting', 'active', 'delayed')),
    );
    return Object.fromEntries(names.map((name, index) => [name, counts[index]])) as Record<
      QueueName,
      number
    >;
  }

  /** @throws when Redis does not answer */
  async ping(): Promise<void> {
    await this.queues.reconcile.count();
  }
}

function optionsOf<Name extends JobName>(name: Name, payload: JobPayload<Name>): JobsOptions {
  const { attempts, backoffMs } = JOBS[name];
  const keyOf = JOBS[name].keyOf as (payload: JobPayload<Name>) => string;
  return {
    attempts,
    backoff: { type: 'exponential', delay: backoffMs },
    deduplication: { id: `${name}.${keyOf(payload)}` },
    removeOnComplete: true,
    removeOnFail: { count: 1000 },
  };
}

function redisAway(operation: string): LuofleetError {
  return new LuofleetError({
    code: 'UNAVAILABLE',
    operation,
    subject: 'Redis',
    detail: `Could not ${operation}: Redis does not answer.`,
  });
}
