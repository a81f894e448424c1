import type { Logger } from '@luofleet/platform';

export const QUEUE_OPTIONS = Symbol('queue options');

export interface QueueOptions {
  readonly redisUrl: string;
  /** Prefix of every key. */
  readonly prefix: string;
  readonly logger: Logger;
}
