export {
  JOB_NAMES,
  JOBS,
  type JobName,
  type JobPayload,
  QUEUES,
  type QueueName,
} from './job.catalogue';
export { HandlesJob, type JobHandler } from './job-handler';
export { JobQueue } from './job.queue';
export { JobWorkers } from './job.workers';
export { QueueModule, type QueueModuleOptions, WorkerModule } from './queue.module';
export type { QueueOptions } from './queue.options';
export { connectRedis } from './redis.connection';
