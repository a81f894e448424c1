import { SetMetadata } from '@nestjs/common';
import type { JobName, JobPayload } from './job.catalogue';

export const HANDLES_JOB = 'luofleet:handles-job';

/** Marks the provider that carries out jobs of this kind. Exactly one is wanted for each kind. */
export const HandlesJob = (name: JobName): ClassDecorator => SetMetadata(HANDLES_JOB, name);

export interface JobHandler<Name extends JobName> {
  /** Idempotent. `signal` is aborted when the job's deadline has passed; what is awaited then no longer counts. */
  run(payload: JobPayload<Name>, signal: AbortSignal): Promise<void>;
}

/** A handler of any kind, as the registry keeps it: the payload has been checked against the kind's schema. */
export interface AnyJobHandler {
  run(payload: unknown, signal: AbortSignal): Promise<void>;
}
