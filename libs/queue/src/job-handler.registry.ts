import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { LuofleetError } from '@luofleet/platform';
import { type AnyJobHandler, HANDLES_JOB } from './job-handler';
import { JOB_NAMES, type JobName } from './job.catalogue';

/** Which provider carries out which kind of job. */
@Injectable()
export class JobHandlerRegistry {
  private readonly handlers = new Map<JobName, AnyJobHandler>();

  constructor(@Inject(DiscoveryService) private readonly discovery: DiscoveryService) {}

  /**
   * Finds the handlers among all providers.
   * @throws LuofleetError INVALID_SETTINGS when a kind of job has no handler, or two
   */
  collect(): void {
    const faults: string[] = [];
    for (const { instance, metatype } of this.discovery.getProviders()) {
      if (!metatype || instance === undefined || instance === null) continue;
      const name = Reflect.getMetadata(HANDLES_JOB, metatype) as JobName | undefined;
      if (name === undefined) continue;
      if (this.handlers.has(name)) faults.push(`job ${name} has more than one handler`);
      else this.handlers.set(name, instance as AnyJobHandler);
    }
    for (const name of JOB_NAMES)
      if (!this.handlers.has(name)) faults.push(`job ${name} has no handler`);
    if (faults.length > 0)
      throw new LuofleetError({
        code: 'INVALID_SETTINGS',
        operation: 'start worker',
        subject: 'job handlers',
        detail: `Each job needs exactly one provider with @HandlesJob: ${faults.join('; ')}.`,
      });
  }

  get(name: JobName): AnyJobHandler {
    const handler = this.handlers.get(name);
    if (!handler) throw new Error(`job ${name} has no handler; collect() was not called`);
    return handler;
  }
}
