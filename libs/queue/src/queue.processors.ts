import { Inject, Injectable } from '@nestjs/common';
import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';
import type { Logger } from '@luofleet/platform';
import { QUEUE_CONCURRENCY, type QueueName } from './job.catalogue';
import { JobRunner } from './job.runner';
import { QUEUE_OPTIONS, type QueueOptions } from './queue.options';

/**
 * A worker that dies keeps its job's lock for so long; then another takes the job up. Meanwhile the job's key is free,
 * so nothing waits for this.
 */
const LOCK_MS = 10_000;

/** A worker that met Redis away looks again, or notices that it is to close, after this time; BullMQ's own is 15 s. */
const RETRY_MS = 500;

const workerOptions = (queue: QueueName) => ({
  concurrency: QUEUE_CONCURRENCY[queue],
  lockDuration: LOCK_MS,
  stalledInterval: LOCK_MS / 2,
  maxStalledCount: 3,
  runRetryDelay: RETRY_MS,
});

abstract class QueueProcessor extends WorkerHost {
  constructor(
    private readonly runner: JobRunner,
    private readonly logger: Logger,
  ) {
    super();
  }

  async process(job: Job): Promise<void> {
    await this.runner.run(job);
  }

  /** Losing Redis shows here; the worker connects again by itself. */
  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn('queue worker lost Redis or a job', { err: error });
  }
}

@Processor('reconcile', workerOptions('reconcile'))
@Injectable()
export class ReconcileProcessor extends QueueProcessor {
  constructor(@Inject(JobRunner) runner: JobRunner, @Inject(QUEUE_OPTIONS) options: QueueOptions) {
    super(runner, options.logger);
  }
}

@Processor('phase', workerOptions('phase'))
@Injectable()
export class PhaseProcessor extends QueueProcessor {
  constructor(@Inject(JobRunner) runner: JobRunner, @Inject(QUEUE_OPTIONS) options: QueueOptions) {
    super(runner, options.logger);
  }
}
