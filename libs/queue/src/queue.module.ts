/**
 * DOC: jobs
 *
 * Purpose: BullMQ wakes workers up; it remembers nothing that matters. Every job names a row in Postgres to look at.
 *
 * Happy path: `JobQueue.wake` adds a job under its key; a worker gives the key up, then runs the handler.
 *
 * Unhappy paths:
 * 1. A job is added while the same one waits: not added, because the waiting one will see what it is about.
 * 2. A job is added while the same one runs: added, because the running one may have read before. No wake-up is lost.
 * 3. A worker dies in a job: another takes it up when its lock has expired; the sweep does not wait for that.
 * 4. Redis is emptied or restarted: workers connect again, the sweep adds what is due.
 * 5. A kind of job without a handler, or with two: the worker does not start.
 *
 * Ordering: workers start after all modules have initialised, and finish their jobs before anything else closes.
 */
import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Module,
  type ModuleMetadata,
  type FactoryProvider,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BullModule, BullRegistrar } from '@nestjs/bullmq';
import type { Redis } from 'ioredis';
import { JobHandlerRegistry } from './job-handler.registry';
import { QUEUES } from './job.catalogue';
import { JobQueue } from './job.queue';
import { JobRunner } from './job.runner';
import { JobWorkers } from './job.workers';
import { QUEUE_OPTIONS, QUEUE_REDIS, type QueueOptions } from './queue.options';
import { PhaseProcessor, ReconcileProcessor } from './queue.processors';
import { connectRedis } from './redis.connection';

export interface QueueModuleOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject: FactoryProvider['inject'];
  readonly useFactory: (...dependencies: never[]) => QueueOptions;
}

/**
 * A connection that carries nothing for longer than a worker's blocking read is dropped; jobs go on soon after Redis is
 * back, where BullMQ by itself would let up to 20 s pass.
 */
const REDIS_LIMITS = {
  connectTimeout: 5000,
  keepAlive: 5000,
  socketTimeout: 20_000,
  retryStrategy: (tries: number) => Math.min(50 * 2 ** Math.min(tries, 5), 1000),
};

/** The connection of the queues; closed after they are. */
@Module({
  providers: [
    {
      provide: QUEUE_REDIS,
      inject: [QUEUE_OPTIONS],
      useFactory: ({ redisUrl }: QueueOptions) =>
        connectRedis(redisUrl, { maxRetriesPerRequest: null, ...REDIS_LIMITS }),
    },
  ],
  exports: [QUEUE_OPTIONS, QUEUE_REDIS],
})
class QueueRedisModule implements OnApplicationShutdown {
  constructor(@Inject(QUEUE_REDIS) private readonly redis: Redis) {}

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}

/** Adds jobs; every role has it. */
@Module({})
export class QueueModule {
  static forRoot({ inject = [], useFactory, imports = [] }: QueueModuleOptions): DynamicModule {
    const redis: DynamicModule = {
      module: QueueRedisModule,
      imports,
      providers: [
        {
          provide: QUEUE_OPTIONS,
          inject,
          useFactory: (...d: unknown[]) => useFactory(...(d as never[])),
        },
      ],
    };
    return {
      module: QueueModule,
      global: true,
      imports: [
        redis,
        BullModule.forRootAsync({
          imports: [redis],
          inject: [QUEUE_REDIS, QUEUE_OPTIONS],
          useFactory: (connection: Redis, { prefix }: QueueOptions) => ({ connection, prefix }),
          extraOptions: { manualRegistration: true },
        }),
        BullModule.registerQueue(...QUEUES.map((name) => ({ name }))),
      ],
      providers: [JobQueue],
      exports: [redis, JobQueue, BullModule],
    };
  }
}

/** Runs jobs; only in the worker role. */
@Module({
  imports: [DiscoveryModule],
  providers: [JobHandlerRegistry, JobRunner, ReconcileProcessor, PhaseProcessor, JobWorkers],
  exports: [JobWorkers],
})
export class WorkerModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private registered = false;

  constructor(
    @Inject(JobHandlerRegistry) private readonly handlers: JobHandlerRegistry,
    @Inject(BullRegistrar) private readonly registrar: BullRegistrar,
    @Inject(JobWorkers) private readonly workers: JobWorkers,
  ) {}

  onApplicationBootstrap(): void {
    this.handlers.collect();
    this.registrar.register();
    this.registered = true;
  }

  /** A start that failed before there were workers has none to close. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.registered) await this.workers.close();
  }
}
