import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';

/** A connection of its own, so that readiness is seen even while others wait for theirs. */
@Injectable()
export class RedisProbe implements OnApplicationShutdown {
  private readonly redis: Redis;
  private lastError = 'not connected';

  constructor(@Inject(SETTINGS) settings: ControlPlaneSettings) {
    this.redis = new Redis(settings.redisUrl, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 1000,
      retryStrategy: null,
    });
    this.redis.on('error', (error: Error) => (this.lastError = error.message));
  }

  /** Fails with what is wrong when Redis does not answer. */
  async ping(): Promise<void> {
    try {
      if (this.redis.status !== 'ready') await this.redis.connect();
      await this.redis.ping();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`Redis does not answer: ${message || this.lastError}`, { cause: error });
    }
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
