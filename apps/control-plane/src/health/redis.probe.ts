import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { describeThrown } from '@luofleet/platform/text';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';

/** A connection of its own, so that readiness is seen even while others wait for theirs. */
@Injectable()
export class RedisProbe implements OnApplicationShutdown {
  private readonly redis: Redis;

  constructor(@Inject(SETTINGS) settings: ControlPlaneSettings) {
    this.redis = new Redis(settings.redisUrl, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 1000,
      commandTimeout: 1500,
      retryStrategy: null,
    });
    // Told where it is asked.
    this.redis.on('error', () => undefined);
  }

  /** Fails with what is wrong when Redis does not answer. */
  async ping(): Promise<void> {
    try {
      if (this.redis.status !== 'ready') await this.redis.connect();
      await this.redis.ping();
    } catch (error) {
      // The next look gets a connection that may answer.
      this.redis.disconnect();
      throw new Error(`Redis does not answer: ${describeThrown(error)}`, { cause: error });
    }
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
