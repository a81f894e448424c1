import { Inject, Injectable } from '@nestjs/common';
import { settledWithin } from '@luofleet/platform';
import { PhaseProcessor, ReconcileProcessor } from './queue.processors';

/** A job may take so long to end when the process stops; after that another process takes it up. */
const CLOSE_WITHIN_MS = 3000;

/** The workers of this process; there from their registration on. */
@Injectable()
export class JobWorkers {
  constructor(
    @Inject(ReconcileProcessor) private readonly reconcile: ReconcileProcessor,
    @Inject(PhaseProcessor) private readonly phase: PhaseProcessor,
  ) {}

  /** @throws when a worker does not look for jobs */
  async ping(): Promise<void> {
    for (const worker of this.workers()) {
      const status = (await worker.getBackend().blockingClient)?.status ?? 'not there';
      if (!worker.isRunning() || status !== 'ready')
        throw new Error(`the worker of ${worker.name} takes no jobs; its connection is ${status}`);
    }
  }

  /** Takes no more jobs and waits for those that run. While Redis is away a worker that closes waits for it; its connection would go on trying. */
  async close(): Promise<void> {
    const workers = this.workers();
    const closed = workers.map((worker) => worker.close());
    await settledWithin(CLOSE_WITHIN_MS, closed);
    for (const worker of workers)
      worker.getBackend().blockingClient?.then(
        (connection) => connection.disconnect(),
        () => undefined,
      );
  }

  private workers() {
    return [this.reconcile.worker, this.phase.worker];
  }
}
