import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  type HostIntroduction,
  markOffline,
  openRolloutsOfHost,
} from '@luofleet/persistence';
import type { Hello } from '@luofleet/proto';
import { CommandDispatcher, DECOMMISSIONED } from '../commands/command.dispatcher';
import { StreamRegistry } from '../commands/stream.registry';
import { Runtime } from '../settings/runtime';
import { AgentConnection, introductionOf } from './agent.connection';
import { HostRegistrations } from './host.registrations';
import type { Outbox } from './outbox';

/** Takes a host in when its agent says hello, and lets it go when its stream ends. */
@Injectable()
export class HostRegistrar {
  /** What is under way for a host, by name: its old stream may end while its new one is welcomed. */
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(HostRegistrations) private readonly registrations: HostRegistrations,
    @Inject(StreamRegistry) private readonly streams: StreamRegistry,
    @Inject(CommandDispatcher) private readonly dispatcher: CommandDispatcher,
    @Inject(Runtime) private readonly runtime: Runtime,
  ) {}

  /**
   * Registers the host, takes its place from an older stream and welcomes it. Null for a host that is sent away.
   * @throws LuofleetError INVALID_INPUT when the hello is not valid
   */
  async welcome(hello: Hello, outbox: Outbox): Promise<AgentConnection | null> {
    const introduction = introductionOf(hello);
    return this.inTurn(introduction.name, () => this.take(introduction, outbox));
  }

  private async take(
    introduction: HostIntroduction,
    outbox: Outbox,
  ): Promise<AgentConnection | null> {
    const { replicaId, heartbeatIntervalMs } = this.runtime.settings;
    const host = await this.registrations.register(introduction);
    const connection = new AgentConnection(host.id, introduction.name, outbox);
    if (host.decommissioned) {
      connection.sayGoodbye('DECOMMISSIONED', DECOMMISSIONED);
      return null;
    }
    this.streams.hold(connection)?.sayGoodbye('SUPERSEDED', 'a newer stream of this host is here');
    if (host.previousReplicaId !== null && host.previousReplicaId !== replicaId)
      this.dispatcher.supersede(host.previousReplicaId, host.id);
    connection.send({
      $case: 'welcome',
      value: { hostId: host.id, heartbeatIntervalMs, replicaId },
    });
    return connection;
  }

  /** Rollouts that may have waited for this host. */
  async waitingRollouts(hostId: string): Promise<string[]> {
    return this.database.read('find rollouts', `host ${hostId}`, (client) =>
      openRolloutsOfHost(client, hostId),
    );
  }

  /** The undo of `welcome`; the host is offline at once unless a newer stream holds its place. Never rejects. */
  async release(connection: AgentConnection): Promise<void> {
    return this.inTurn(connection.hostName, () => this.letGo(connection));
  }

  private async letGo(connection: AgentConnection): Promise<void> {
    const { hostId, hostName } = connection;
    if (!this.streams.release(connection)) return;
    try {
      await this.database.transaction('take host offline', `host ${hostName}`, (unit) =>
        markOffline(unit, [hostId], this.runtime.settings.replicaId),
      );
    } catch (error) {
      this.runtime.logger.warn('host not taken offline, its silence will', { hostId, err: error });
    }
  }

  /** Carries `work` out after what was begun before for the same host. */
  private async inTurn<T>(hostName: string, work: () => Promise<T>): Promise<T> {
    const before = this.turns.get(hostName) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.turns.set(hostName, mine);
    try {
      return await mine;
    } finally {
      if (this.turns.get(hostName) === mine) this.turns.delete(hostName);
    }
  }
}
