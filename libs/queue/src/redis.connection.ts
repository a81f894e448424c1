/**
 * DOC: connections to Redis
 *
 * Purpose: a connection on which answers stay away is made anew, whatever it was used for.
 *
 * Happy path: every ASK_EVERY_MS it is asked, and answers.
 *
 * Unhappy paths: it only waits to be told something, so nothing else would show that its other side is silent; answers come
 * by drips, so it never looks idle; the greeting does not end. Each time it is dropped and connects again.
 *
 * Ordering: an answer comes after a blocking read that was asked for before, hence the patience. Over with `disconnect`.
 */
import { Redis, type RedisOptions } from 'ioredis';
import { within } from '@luofleet/platform';

const ASK_EVERY_MS = 5_000;
const ANSWER_WITHIN_MS = 15_000;

export function connectRedis(url: string, options: RedisOptions): Redis {
  return kept(new Redis(url, options));
}

function kept(redis: Redis): Redis {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const ask = async (): Promise<void> => {
    await within(ANSWER_WITHIN_MS, answering(redis), () => new Error('no answer')).catch(() => {
      if (!ended) redis.disconnect(true);
    });
    if (!ended) timer = setTimeout(() => void ask(), ASK_EVERY_MS).unref();
  };
  redis.once('end', () => {
    ended = true;
    clearTimeout(timer);
  });
  void ask();
  redis.duplicate = ((more: RedisOptions) =>
    kept(new Redis({ ...redis.options, ...more }))) as Redis['duplicate'];
  return redis;
}

/** While there is no connection there is nobody to ask: it is being made. One that greets has to come to an end. */
async function answering(redis: Redis): Promise<void> {
  if (redis.status === 'ready') await redis.ping();
  else if (redis.status === 'connect')
    await new Promise((resolve) => {
      redis.once('ready', resolve);
      redis.once('close', resolve);
    });
}
