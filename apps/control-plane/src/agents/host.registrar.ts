import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  type HostIntroduction,
  markOffline,
  openRolloutsOfHost,
} from '@luofleet/persistence';
import type { Hello } from '@luofleet/proto';
import { CommandDispatcher, DECOMMISSIONED } from '../delivery/command.dispatcher';
import { StreamRegistry } from '../delivery/stream.registry';
import { Runtime } from '../settings/runtime';
import { AgentConnection, introductionOf } from './agent.connection';
import { HostRegistrations } from './host.registrations';
import type { Outbox } from './outbox';

const NEWER_STREAM = 'a newer stream of this host is here';

/** Takes a host in when its agent says hello, and lets it go when its stream ends. */
@Injectable()
export class HostRegistrar {
  /** What is under way for a host, by name and machine: its old stream may end while its new one is welcomed. */
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
    return this.inTurn(introduction, () => this.take(introduction, outbox));
  }

  private async take(
    introduction: HostIntroduction,
    outbox: Outbox,
  ): Promise<AgentConnection | null> {
    const { replicaId, heartbeatIntervalMs } = this.runtime.settings;
    const host = await this.registrations.register(introduction, () => outbox.isOver);
    const connection = new AgentConnection(
      host.id,
      introduction.name,
      introduction.machineId,
      outbox,
    );
    if (host.decommissioned) {
      connection.sayGoodbye('DECOMMISSIONED', DECOMMISSIONED);
      return null;
    }
    if (host.superseded) {
      connection.sayGoodbye('SUPERSEDED', NEWER_STREAM);
      return null;
    }
    if (host.refused !== null) {
      const { name, machineId } = introduction;
      this.runtime.logger.warn('host refused', { name, machineId, why: host.refused });
      connection.sayGoodbye('IDENTITY_REFUSED', host.refused);
      return null;
    }
    this.streams.hold(connection)?.sayGoodbye('SUPERSEDED', NEWER_STREAM);
    if (host.previousReplicaId !== null && host.previousReplicaId !== replicaId)
      this.dispatcher.supersede(host.previousReplicaId, host.id);
    connection.send({
      $case: 'welcome',
      value: { hostId: host.id, heartbeatIntervalMs, replicaId },
    });
    return connection;
  }

  /** A host with labels that no selector can name is here without them, and everybody can read that. */
  async tellRefusedLabels(connection: AgentConnection, refused: readonly string[]): Promise<void> {
    if (refused.length === 0) return;
    const { hostId, hostName } = connection;
    await this.database.transaction('tell of labels', `host ${hostName}`, async (unit) =>
      unit.record({
        kind: 'host-labels-refused',
        hostId,
        message: `Host ${hostName} is here without labels that its agent has wrong: ${refused.join('; ')}. Mend the agent's configuration.`,
        data: { hostName, refused: [...refused] },
      }),
    );
  }

  /** Rollouts that may have waited for this host. */
  async waitingRollouts(hostId: string): Promise<string[]> {
    return this.database.read('find rollouts', `host ${hostId}`, (client) =>
      openRolloutsOfHost(client, hostId),
    );
  }

  /** The undo of `welcome`; the host is offline at once unless a newer stream holds its place. Never rejects. */
  async release(connection: AgentConnection): Promise<void> {
    return this.inTurn({ name: connection.hostName, machineId: connection.machineId }, () =>
      this.letGo(connection),
    );
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

  /** Carries `work` out after what was begun before for the same name or machine. */
  private async inTurn<T>(
    { name, machineId }: Pick<HostIntroduction, 'name' | 'machineId'>,
    work: () => Promise<T>,
  ): Promise<T> {
    const keys = [`name ${name}`, ...(machineId === '' ? [] : [`machine ${machineId}`])];
    const before = Promise.allSettled(keys.map((key) => this.turns.get(key)));
    const mine = before.then(work);
    for (const key of keys) this.turns.set(key, mine);
    try {
      return await mine;
    } finally {
      for (const key of keys) if (this.turns.get(key) === mine) this.turns.delete(key);
    }
  }
}
