import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { silentLogger } from '@luofleet/platform';
import { createTestRedis, TcpProxy } from '@luofleet/testkit';
import { controlPlaneSettings } from '../settings/control-plane.settings';
import { RedisBus } from './redis.bus';

describe('messages between replicas', () => {
  const redis = createTestRedis();
  let proxy: TcpProxy;
  let bus: RedisBus;

  beforeEach(async () => {
    proxy = await TcpProxy.to(redis.url);
    bus = busAt(proxy.inFrontOf(redis.url));
  });
  afterEach(async () => {
    bus.onApplicationShutdown();
    await proxy.close();
  });

  const busAt = (url: string) =>
    new RedisBus(
      controlPlaneSettings(
        { DATABASE_URL: 'postgres://nobody', REDIS_URL: url, REDIS_PREFIX: redis.prefix },
        'all',
        randomUUID(),
      ),
      silentLogger,
    );
  /** Resolves once messages published elsewhere arrive here. */
  async function subscribed(topic: string): Promise<void> {
    const other = busAt(redis.url);
    const arrived = new AbortController();
    const undo = bus.subscribe(topic, () => arrived.abort());
    const announce = setInterval(() => other.publish(topic, 'hello'), 10);
    await once(arrived.signal, 'abort');
    clearInterval(announce);
    undo();
    other.onApplicationShutdown();
  }

  it('arrive again once the connection is back', async () => {
    await subscribed('first');
    proxy.drop();
    await subscribed('first');
    await subscribed('second');
  });

  it('arrive again after the connection has gone silent without a word', async () => {
    // Subscribed to once: another subscription would find the silence out.
    const other = busAt(redis.url);
    const announce = setInterval(() => other.publish('idle', 'hello'), 10);
    let hear = (): void => undefined;
    bus.subscribe('idle', () => hear());
    const heard = () => new Promise<void>((resolve) => (hear = resolve));
    await heard();
    proxy.answering('none');
    proxy.answering('whole');
    await heard();
    clearInterval(announce);
    other.onApplicationShutdown();
  });

  it('end quietly when the bus closes while it subscribes again', async () => {
    await subscribed('topic');
    const resubscribes = new AbortController();
    proxy.filter((bytes) => {
      if (!/\r\nsubscribe\r\n/i.test(bytes.toString('latin1'))) return true;
      resubscribes.abort();
      return false;
    });
    proxy.drop();
    await once(resubscribes.signal, 'abort');
    const { subscriber } = bus as unknown as { subscriber: Redis };
    const ended = once(subscriber, 'end');
    bus.onApplicationShutdown();
    await ended;
    // A rejection that nobody takes fails the test here.
    await new Promise(setImmediate);
  });
});
