import type { Logger } from '@luofleet/platform';

export const QUEUE_OPTIONS = Symbol('queue options');

/** The connection of the queues and, but for their blocking reads, of the workers. */
export const QUEUE_REDIS = Symbol('queue redis');

export interface QueueOptions {
  readonly redisUrl: string;
  /** Prefix of every key. */
  readonly prefix: string;
  readonly logger: Logger;
}
