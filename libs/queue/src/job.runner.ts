import { Inject, Injectable } from '@nestjs/common';
import { type Job, UnrecoverableError } from 'bullmq';
import { type Logger, LuofleetError, within } from '@luofleet/platform';
import { JobHandlerRegistry } from './job-handler.registry';
import { isJobName, JOBS } from './job.catalogue';
import { QUEUE_OPTIONS, type QueueOptions } from './queue.options';

/**
 * Carries out one job. Its key is given up first, before the handler reads anything: whoever adds the same job from now
 * on gets one more run, which sees what this one may have missed.
 */
@Injectable()
export class JobRunner {
  private readonly logger: Logger;

  constructor(
    @Inject(JobHandlerRegistry) private readonly handlers: JobHandlerRegistry,
    @Inject(QUEUE_OPTIONS) options: QueueOptions,
  ) {
    this.logger = options.logger;
  }

  async run(job: Job): Promise<void> {
    await job.removeDeduplicationKey();
    const { name } = job;
    if (!isJobName(name)) throw new UnrecoverableError(`there is no job ${name}`);
    const payload = JOBS[name].schema.safeParse(job.data);
    if (!payload.success)
      throw new UnrecoverableError(`job ${name} has a bad payload: ${payload.error.message}`);
    const handler = this.handlers.get(name);
    try {
      await withDeadline(name, JOBS[name].deadlineMs, (signal) =>
        handler.run(payload.data, signal),
      );
    } catch (error) {
      this.logger.warn('job failed', {
        job: name,
        payload: payload.data,
        attempt: job.attemptsMade + 1,
        err: error,
      });
      throw error;
    }
  }
}

async function withDeadline(
  name: string,
  deadlineMs: number,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  await within(deadlineMs, work(controller.signal), () => {
    const error = new LuofleetError({
      code: 'DEADLINE_EXCEEDED',
      operation: `run job ${name}`,
      subject: `job ${name}`,
      detail: `The job took more than ${deadlineMs} ms.`,
    });
    controller.abort(error);
    return error;
  });
}
