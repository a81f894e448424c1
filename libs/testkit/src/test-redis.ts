// A corner of Redis for one test file: a key prefix that nobody else uses, emptied at the end.
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { addressOf } from './test-service-missing.error';

/** Where a test file may write in Redis. */
export interface TestRedis {
  readonly url: string;
  /** Prefix of every key and channel; ends without a separator. */
  readonly prefix: string;
  /** Deletes every key under the prefix: what losing Redis looks like to those who use it. */
  empty(): Promise<void>;
}

/** Takes a prefix on the server REDIS_URL names. */
export function createTestRedis(): TestRedis {
  const url = addressOf('REDIS_URL');
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  return { url, prefix, empty: () => deleteKeys(url, `${prefix}*`) };
}

async function deleteKeys(url: string, pattern: string): Promise<void> {
  const redis = new Redis(url);
  try {
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 500);
      if (keys.length > 0) await redis.unlink(...keys);
      cursor = next;
    } while (cursor !== '0');
  } finally {
    redis.disconnect();
  }
}
