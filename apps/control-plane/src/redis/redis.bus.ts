import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Logger } from '@luofleet/platform';
import { connectRedis } from '@luofleet/queue';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';
import { LOGGER } from '../settings/platform.module';

type Listener = (message: string) => void;
/** Learns that a connection to Redis was lost, and that all are there again. */
type ConnectionListener = (connected: boolean) => void;

/** A command that is not answered in this time ends its connection, which is made anew. */
const REDIS_LIMITS = {
  ...{ connectTimeout: 5000, keepAlive: 5000 },
  ...{ socketTimeout: 10_000, commandTimeout: 10_000 },
};

/**
 * Messages between replicas over Redis. Nothing that matters is in a message: whoever gets one looks in Postgres, and
 * looks there by itself as well, because messages are lost while Redis is away.
 */
@Injectable()
export class RedisBus implements OnApplicationShutdown {
  private readonly publisher: Redis;
  private readonly subscriber: Redis;
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly connectionListeners = new Set<ConnectionListener>();
  /** Undefined until it is known. */
  private connected: boolean | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: ControlPlaneSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.publisher = connectRedis(settings.redisUrl, {
      ...REDIS_LIMITS,
      enableOfflineQueue: false,
    });
    // ioredis would subscribe again by itself, and leave the rejection to nobody when the connection breaks meanwhile.
    this.subscriber = connectRedis(settings.redisUrl, {
      ...REDIS_LIMITS,
      autoResubscribe: false,
      maxRetriesPerRequest: null,
    });
    this.subscriber.on('ready', () => this.listen([...this.listeners.keys()]));
    for (const connection of [this.publisher, this.subscriber]) {
      connection.on('error', (error) => logger.warn('redis connection lost', { err: error }));
      for (const change of ['ready', 'close'])
        connection.on(change, () => this.lookAtConnections());
    }
    this.subscriber.on('message', (channel, message) => {
      for (const listener of this.listeners.get(channel) ?? []) listener(message);
    });
  }

  /** Sends without waiting; a message that Redis does not take is lost. */
  publish(topic: string, message: string): void {
    this.publisher.publish(this.channel(topic), message).catch((error: unknown) => {
      this.logger.debug('message lost', { topic, err: error });
    });
  }

  /** Returns the undo. */
  subscribe(topic: string, listener: Listener): () => void {
    const channel = this.channel(topic);
    const listeners = this.listeners.get(channel) ?? new Set();
    this.listeners.set(channel, listeners.add(listener));
    if (this.subscriber.status === 'ready') this.listen([channel]);
    return () => listeners.delete(listener);
  }

  /** Calls `listener` whenever Redis is lost and when it is back. Returns the undo. */
  onConnection(listener: ConnectionListener): () => void {
    this.connectionListeners.add(listener);
    return () => this.connectionListeners.delete(listener);
  }

  /** Whether all connections are there, as far as is known. */
  get isConnected(): boolean {
    return this.connected === true;
  }

  /** @throws when Redis does not answer on one of the connections */
  async ping(): Promise<void> {
    await Promise.all([this.publisher.ping(), this.subscriber.ping()]);
  }

  onApplicationShutdown(): void {
    this.publisher.disconnect();
    this.subscriber.disconnect();
  }

  /** Should it fail, the channels are subscribed to on the next connection. */
  private listen(channels: readonly string[]): void {
    if (channels.length === 0) return;
    this.subscriber.subscribe(...channels).catch((error: unknown) => {
      this.logger.warn('could not subscribe', { channels, err: error });
      if (this.subscriber.status === 'ready') this.subscriber.disconnect(true);
    });
  }

  private lookAtConnections(): void {
    const connected = [this.publisher, this.subscriber].every(({ status }) => status === 'ready');
    if (connected === this.connected) return;
    this.connected = connected;
    for (const listener of this.connectionListeners) listener(connected);
  }

  private channel(topic: string): string {
    return `${this.settings.redisPrefix}:${topic}`;
  }
}
