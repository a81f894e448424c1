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
} from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { settledWithin } from '@luofleet/platform';
import { BullModule, BullRegistrar } from '@nestjs/bullmq';
import { JobHandlerRegistry } from './job-handler.registry';
import { QUEUES } from './job.catalogue';
import { JobQueue } from './job.queue';
import { JobRunner } from './job.runner';
import { QUEUE_OPTIONS, type QueueOptions } from './queue.options';
import { PhaseProcessor, ReconcileProcessor } from './queue.processors';

export interface QueueModuleOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject: FactoryProvider['inject'];
  readonly useFactory: (...dependencies: never[]) => QueueOptions;
}

/** Adds jobs; every role has it. */
@Module({})
export class QueueModule {
  static forRoot({ inject = [], useFactory, imports = [] }: QueueModuleOptions): DynamicModule {
    const connection = (options: QueueOptions) => ({
      connection: { url: options.redisUrl, maxRetriesPerRequest: null, ...REDIS_LIMITS },
      prefix: options.prefix,
    });
    return {
      module: QueueModule,
      global: true,
      imports: [
        ...imports,
        BullModule.forRootAsync({
          imports,
          inject,
          useFactory: (...dependencies: unknown[]) =>
            connection(useFactory(...(dependencies as never[]))),
          extraOptions: { manualRegistration: true },
        }),
        BullModule.registerQueue(...QUEUES.map((name) => ({ name }))),
      ],
      providers: [
        {
          provide: QUEUE_OPTIONS,
          inject,
          useFactory: (...d: unknown[]) => useFactory(...(d as never[])),
        },
        JobQueue,
      ],
      exports: [QUEUE_OPTIONS, JobQueue, BullModule],
    };
  }
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

/** A job may take so long to end when the process stops; after that another process takes it up. */
const CLOSE_WITHIN_MS = 5000;

/** Runs jobs; only in the worker role. */
@Module({
  imports: [DiscoveryModule],
  providers: [JobHandlerRegistry, JobRunner, ReconcileProcessor, PhaseProcessor],
})
export class WorkerModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(JobHandlerRegistry) private readonly handlers: JobHandlerRegistry,
    @Inject(BullRegistrar) private readonly registrar: BullRegistrar,
    @Inject(ReconcileProcessor) private readonly reconcile: ReconcileProcessor,
    @Inject(PhaseProcessor) private readonly phase: PhaseProcessor,
  ) {}

  onApplicationBootstrap(): void {
    this.handlers.collect();
    this.registrar.register();
  }

  async beforeApplicationShutdown(): Promise<void> {
    const closed = [this.reconcile, this.phase].map((processor) => processor.worker.close());
    // While Redis is away a worker that closes waits for it.
    await settledWithin(CLOSE_WITHIN_MS, closed);
  }
}
