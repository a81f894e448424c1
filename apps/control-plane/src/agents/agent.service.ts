/**
 * DOC: agents
 *
 * Purpose: holds one stream for each connected host: hello and heartbeats in, commands out, results in.
 *
 * Happy path: hello registers the host (one that is not known yet is created), welcome, open commands are sent again;
 * then messages are taken one after the other: a result is recorded before it is acknowledged, and the commands it leads
 * to go out on the same stream without waiting for a job.
 *
 * Unhappy paths:
 * 1. The first message is not a valid hello: the stream ends with INVALID_ARGUMENT.
 * 2. A newer stream of the same host: the older one, here or at another replica, gets Goodbye SUPERSEDED.
 * 3. The host was decommissioned: Goodbye DECOMMISSIONED.
 * 4. Recording fails (Postgres is away): the stream ends with the error; the agent connects again and repeats.
 * 5. The stream ends: the host is offline at once, unless a newer stream holds its place.
 * 6. This process stops: every stream gets Goodbye DRAINING.
 *
 * Ordering: one message of a stream at a time; while it is handled no more is read, which pushes back on the agent.
 */
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnModuleInit,
} from '@nestjs/common';
import { AgentServiceService, type CommandResult, type Hello } from '@luofleet/proto';
import {
  acceptCommand,
  Database,
  markOffline,
  openRolloutsOfHost,
  registerHost,
} from '@luofleet/persistence';
import { asLuofleetError, type Clock, type Logger, LuofleetError } from '@luofleet/platform';
import { JobQueue } from '@luofleet/queue';
import { CommandDispatcher } from '../commands/command.dispatcher';
import { ResultRecorder } from '../commands/result.recorder';
import { StreamRegistry } from '../commands/stream.registry';
import { GrpcServer } from '../grpc/grpc.server';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';
import { CLOCK, LOGGER } from '../settings/platform.module';
import { AgentConnection, type AgentCall, introductionOf, Outbox } from './agent.connection';
import { HeartbeatCollector } from './heartbeat.collector';

@Injectable()
export class AgentService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly open = new Set<Promise<void>>();
  private draining = false;

  constructor(
    @Inject(GrpcServer) private readonly grpc: GrpcServer,
    @Inject(Database) private readonly database: Database,
    @Inject(StreamRegistry) private readonly streams: StreamRegistry,
    @Inject(CommandDispatcher) private readonly dispatcher: CommandDispatcher,
    @Inject(ResultRecorder) private readonly recorder: ResultRecorder,
    @Inject(HeartbeatCollector) private readonly heartbeats: HeartbeatCollector,
    @Inject(JobQueue) private readonly jobs: JobQueue,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: ControlPlaneSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.grpc.add(AgentServiceService, {
      connect: (call: AgentCall) => {
        const handled = this.handle(call).finally(() => this.open.delete(handled));
        this.open.add(handled);
      },
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.draining = true;
    for (const stream of this.streams.all())
      stream.sayGoodbye('DRAINING', 'this replica stops; connect to another one');
    await Promise.all(this.open);
  }

  /** Lives as long as the stream. Never rejects. */
  private async handle(call: AgentCall): Promise<void> {
    const outbox = new Outbox(call);
    let connection: AgentConnection | undefined;
    try {
      connection = await this.converse(call, outbox, (held) => (connection = held));
      outbox.end();
    } catch (thrown) {
      if (!call.cancelled && !call.destroyed) {
        const error = asLuofleetError(thrown, 'serve agent', connection?.hostName ?? 'agent');
        this.logger.warn('agent stream ended with an error', { err: error });
        outbox.drop();
        call.emit('error', { code: error.mapping.grpcStatus, details: error.message });
      }
    } finally {
      outbox.drop();
      if (connection) await this.release(connection);
    }
  }

  private async converse(
    call: AgentCall,
    outbox: Outbox,
    hold: (connection: AgentConnection) => void,
  ): Promise<AgentConnection | undefined> {
    let connection: AgentConnection | undefined;
    for await (const { message } of call as AsyncIterable<{ message?: IncomingMessage }>) {
      if (message === undefined) continue;
      if (connection === undefined) {
        if (message.$case !== 'hello') throw helloExpected(message.$case);
        connection = await this.welcome(message.value, outbox);
        if (connection === undefined) return undefined;
        hold(connection);
        await this.dispatcher.resend(connection.hostId);
        await this.wakeRollouts(connection.hostId);
      } else {
        await this.receive(connection, message);
      }
    }
    return connection;
  }

  private async welcome(hello: Hello, outbox: Outbox): Promise<AgentConnection | undefined> {
    const introduction = introductionOf(hello);
    const { replicaId, heartbeatIntervalMs } = this.settings;
    const subject = `host ${introduction.name}`;
    const host = await this.database.transaction('register host', subject, (unit) =>
      registerHost(unit, introduction, replicaId, this.clock.nowMs()),
    );
    const connection = new AgentConnection(host.id, introduction.name, outbox);
    if (host.decommissioned) {
      connection.sayGoodbye('DECOMMISSIONED', 'this host was taken out of the fleet');
      return undefined;
    }
    this.heartbeats.forget(host.id);
    const previous = this.streams.hold(connection);
    previous?.sayGoodbye('SUPERSEDED', 'a newer stream of this host is here');
    if (host.previousReplicaId !== null && host.previousReplicaId !== replicaId)
      this.dispatcher.supersede(host.previousReplicaId, host.id);
    connection.send({
      $case: 'welcome',
      value: { hostId: host.id, heartbeatIntervalMs, replicaId },
    });
    if (this.draining) connection.sayGoodbye('DRAINING', 'this replica stops');
    return connection;
  }

  private async receive(connection: AgentConnection, message: IncomingMessage): Promise<void> {
    switch (message.$case) {
      case 'hello':
        throw helloExpected('a second hello');
      case 'heartbeat':
        return this.heartbeats.collect(connection.hostId, message.value.workloads);
      case 'commandAccepted': {
        const { idempotencyKey } = message.value;
        await this.database.read('accept command', `command ${idempotencyKey}`, (client) =>
          acceptCommand(client, connection.hostId, idempotencyKey),
        );
        return;
      }
      case 'commandResult':
        return this.record(connection, message.value);
    }
  }

  private async record(connection: AgentConnection, result: CommandResult): Promise<void> {
    const { issued, reconcile } = await this.recorder.record(connection.hostId, result);
    const { idempotencyKey } = result;
    connection.send({ $case: 'resultRecorded', value: { idempotencyKey } });
    if (reconcile !== null) this.jobs.wake('reconcile', [{ rolloutId: reconcile }]);
    await this.dispatcher.dispatch(issued.map(({ hostId }) => hostId));
  }

  /** A host that is there may be what a rollout waits for. */
  private async wakeRollouts(hostId: string): Promise<void> {
    const rollouts = await this.database.read('find rollouts', `host ${hostId}`, (client) =>
      openRolloutsOfHost(client, hostId),
    );
    this.jobs.wake(
      'reconcile',
      rollouts.map((rolloutId) => ({ rolloutId })),
    );
  }

  private async release(connection: AgentConnection): Promise<void> {
    const { hostId } = connection;
    if (!this.streams.release(connection)) return;
    try {
      await this.database.transaction('take host offline', `host ${connection.hostName}`, (unit) =>
        markOffline(unit, [hostId], this.settings.replicaId),
      );
    } catch (error) {
      this.logger.warn('host not taken offline, its silence will', { hostId, err: error });
    }
  }
}

type IncomingMessage =
  | { $case: 'hello'; value: Hello }
  | { $case: 'heartbeat'; value: { workloads: Parameters<HeartbeatCollector['collect']>[1] } }
  | { $case: 'commandAccepted'; value: { idempotencyKey: string } }
  | { $case: 'commandResult'; value: CommandResult };

function helloExpected(got: string): LuofleetError {
  return new LuofleetError({
    code: 'INVALID_INPUT',
    operation: 'connect agent',
    subject: 'stream',
    detail: `The first message of a stream, and only the first, is hello; this was ${got}.`,
  });
}
