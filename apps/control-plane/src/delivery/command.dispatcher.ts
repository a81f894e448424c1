/**
 * DOC: sending commands
 *
 * Purpose: commands that are stored and that nobody has been told about reach the replica that holds the host's stream.
 *
 * Happy path: the stream is here: the host's commands are taken from Postgres (marked as sent) and written to it. It is
 * elsewhere: that replica is asked through Redis to do so.
 *
 * Unhappy paths: the host is not connected: its commands stay queued until it says hello. The message is lost: the
 * sweep asks again. The stream breaks after the commands were taken: they are sent again at the next hello.
 */
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import {
  Database,
  hostsToLetGo,
  replicasOfHosts,
  type SendableCommand,
  takeOpenCommands,
  takeQueuedCommands,
} from '@luofleet/persistence';
import type { Logger } from '@luofleet/platform';
import { RedisBus } from '../redis/redis.bus';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';
import { LOGGER } from '../settings/platform.module';
import { StreamRegistry } from './stream.registry';
import { commandToWire } from './wire';

const replicaMessageSchema = z.discriminatedUnion('kind', [
  /** Send the queued commands of these hosts. */
  z.strictObject({ kind: z.literal('send'), hostIds: z.array(z.uuid()) }),
  /** This host has a newer stream elsewhere. */
  z.strictObject({ kind: z.literal('supersede'), hostId: z.uuid() }),
  /** A host of yours was taken out of the fleet. */
  z.strictObject({ kind: z.literal('let-go') }),
]);
type ReplicaMessage = z.output<typeof replicaMessageSchema>;

export const DECOMMISSIONED = 'this host was taken out of the fleet';

const topicOf = (replicaId: string): string => `replica:${replicaId}`;

@Injectable()
export class CommandDispatcher implements OnModuleInit, OnModuleDestroy {
  private unsubscribe = (): void => undefined;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(StreamRegistry) private readonly streams: StreamRegistry,
    @Inject(RedisBus) private readonly bus: RedisBus,
    @Inject(SETTINGS) private readonly settings: ControlPlaneSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.unsubscribe = this.bus.subscribe(topicOf(this.settings.replicaId), (text) => {
      this.receive(text).catch((error: unknown) =>
        this.logger.warn('message from a replica failed', { err: error }),
      );
    });
  }

  onModuleDestroy(): void {
    this.unsubscribe();
  }

  /** Has the queued commands of these hosts sent, wherever their streams are. */
  async dispatch(hostIds: readonly string[]): Promise<void> {
    if (hostIds.length === 0) return;
    const byReplica = await this.byReplica([...new Set(hostIds)]);
    const { replicaId: own } = this.settings;
    await this.sendQueued(byReplica.get(own) ?? []);
    byReplica.delete(own);
    for (const [replicaId, ids] of byReplica) this.tell(replicaId, { kind: 'send', hostIds: ids });
  }

  /** Sends everything that is open to a host that has just said hello. */
  async resend(hostId: string): Promise<void> {
    this.write(await takeOpenCommands(this.database, hostId, this.settings.replicaId));
  }

  /** Has another replica close its stream of this host. */
  supersede(replicaId: string, hostId: string): void {
    this.tell(replicaId, { kind: 'supersede', hostId });
  }

  /** Has this or another replica close its streams of decommissioned hosts now; each looks by itself as well. */
  async letGo(replicaId: string): Promise<void> {
    if (replicaId === this.settings.replicaId) await this.closeDecommissioned();
    else this.tell(replicaId, { kind: 'let-go' });
  }

  /** Says goodbye to the decommissioned hosts whose streams are here, whatever Postgres knows of who holds them. */
  async closeDecommissioned(): Promise<void> {
    const held = this.streams.all().map(({ hostId }) => hostId);
    for (const hostId of await hostsToLetGo(this.database, held))
      this.streams.get(hostId)?.sayGoodbye('DECOMMISSIONED', DECOMMISSIONED);
  }

  /** Postgres says who holds a stream: the one that is here may have been left behind without a word. */
  private async byReplica(hostIds: readonly string[]): Promise<Map<string, string[]>> {
    const replicas = await this.database.read('route commands', 'hosts', (client) =>
      replicasOfHosts(client, hostIds),
    );
    const byReplica = new Map<string, string[]>();
    for (const [hostId, replicaId] of replicas) {
      const hosts = byReplica.get(replicaId);
      if (hosts) hosts.push(hostId);
      else byReplica.set(replicaId, [hostId]);
    }
    return byReplica;
  }

  private async sendQueued(hostIds: readonly string[]): Promise<void> {
    const here = hostIds.filter((id) => this.streams.get(id) !== undefined);
    this.write(await takeQueuedCommands(this.database, here, this.settings.replicaId));
  }

  /** The word may come late, when the host is back here already. */
  private async leaveSuperseded(hostId: string): Promise<void> {
    const byReplica = await this.byReplica([hostId]);
    if (byReplica.has(this.settings.replicaId)) return;
    this.streams
      .get(hostId)
      ?.sayGoodbye('SUPERSEDED', 'a newer stream of this host is at another replica');
  }

  private write(commands: readonly SendableCommand[]): void {
    for (const command of commands)
      try {
        this.streams.get(command.hostId)?.send({ $case: 'command', value: commandToWire(command) });
      } catch (error) {
        const { idempotencyKey, hostId } = command;
        this.logger.error('command can not be sent', { idempotencyKey, hostId, err: error });
      }
  }

  private tell(replicaId: string, message: ReplicaMessage): void {
    this.bus.publish(topicOf(replicaId), JSON.stringify(message));
  }

  private async receive(text: string): Promise<void> {
    const message = replicaMessageSchema.parse(JSON.parse(text));
    switch (message.kind) {
      case 'send':
        return this.sendQueued(message.hostIds);
      case 'supersede':
        return this.leaveSuperseded(message.hostId);
      case 'let-go':
        return this.closeDecommissioned();
    }
  }
}
