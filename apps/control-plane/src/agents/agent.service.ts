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
 * 1. The first message is not a valid hello, or one that can not be stored: the stream ends with the error, and the hello
 *    is set aside and told of, once for each host.
 * 2. A newer stream of the same host: the older one, here or at another replica, gets Goodbye SUPERSEDED.
 * 3. The host was decommissioned, before or while its stream is open: Goodbye DECOMMISSIONED.
 * 4. Recording fails (Postgres is away): the stream ends with the error; the agent connects again and repeats.
 * 5. The stream ends: the host is offline at once, unless a newer stream holds its place.
 * 6. This process stops: every stream gets Goodbye DRAINING.
 * 7. A message of a welcomed agent can not be decoded, or is about a command that nobody can have issued: it is logged and
 *    costs nothing but itself; such a result is acknowledged, so that the agent can forget it.
 * 8. Nobody says hello within HELLO_WITHIN_MS, or a welcomed agent says nothing for SILENT_MS_MIN and for long enough to be
 *    offline: the stream ends. Agents that do not take their goodbye, and handlers that wait for Postgres, hold up the stop
 *    for DRAIN_MS at most.
 *
 * Ordering: one message of a stream at a time; while it is handled no more is read, which pushes back on the agent.
 */
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnModuleInit,
} from '@nestjs/common';
import { AgentServiceService, type ConnectRequest, type Hello } from '@luofleet/proto';
import { asLuofleetError, LuofleetError, settledWithin } from '@luofleet/platform';
import { StreamRegistry } from '../delivery/stream.registry';
import { statusText } from '../grpc/status-text';
import type { Arrivals } from '../grpc/arrival.clock';
import { GrpcServer } from '../grpc/grpc.server';
import { assertReadable, UnreadableMessage } from '../grpc/unreadable-message';
import { Runtime } from '../settings/runtime';
import type { AgentConnection } from './agent.connection';
import {
  type AgentMessage,
  cleanAgentMessage,
  isCommandKey,
  limitFiles,
  soundLabels,
} from './agent-message';
import { AgentInbox, helloExpected } from './agent.inbox';
import { HostRegistrar } from './host.registrar';
import { type AgentCall, Outbox } from './outbox';

/** One stream: until there is a hello, and with whom it is after that. */
interface Conversation {
  readonly helloTimer: NodeJS.Timeout;
  readonly arrivals: Arrivals;
  with?: AgentConnection;
}

@Injectable()
export class AgentService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly open = new Set<Promise<void>>();
  private draining = false;

  constructor(
    @Inject(GrpcServer) private readonly grpc: GrpcServer,
    @Inject(StreamRegistry) private readonly streams: StreamRegistry,
    @Inject(HostRegistrar) private readonly registrar: HostRegistrar,
    @Inject(AgentInbox) private readonly inbox: AgentInbox,
    @Inject(Runtime) private readonly runtime: Runtime,
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
    for (const stream of this.streams.all()) stream.sayGoodbye('DRAINING', DRAINING);
    await settledWithin(DRAIN_MS, [...this.open]);
  }

  /** Lives as long as the stream. Never rejects. */
  private async handle(call: AgentCall): Promise<void> {
    const outbox = new Outbox(call);
    call.on('close', () => outbox.drop());
    let failed = false;
    const fail = (thrown: unknown) => {
      if (!failed && !call.cancelled && !call.destroyed) this.fail(call, thrown);
      failed = true;
    };
    const helloTimer = setTimeout(() => fail(late('hello', HELLO_WITHIN_MS)), HELLO_WITHIN_MS);
    const conversation: Conversation = { helloTimer, arrivals: this.grpc.arrivals.follow() };
    const silentMs = Math.max(SILENT_MS_MIN, 2 * this.runtime.settings.offlineAfterMs);
    let silence: NodeJS.Timeout | undefined;
    try {
      // Leaving the loop must not destroy the stream: a goodbye or an error is still to go out on it.
      const requests = call.iterator({ destroyOnReturn: false }) as AsyncIterable<ConnectRequest>;
      for await (const request of requests) {
        clearTimeout(silence);
        if (!(await this.take(request, outbox, conversation))) break;
        conversation.arrivals.wait();
        if (conversation.with)
          silence = setTimeout(() => fail(late('message', silentMs)), silentMs);
      }
      outbox.end();
    } catch (thrown) {
      fail(thrown);
    } finally {
      clearTimeout(helloTimer);
      clearTimeout(silence);
      if (conversation.with) await this.letGo(conversation.with);
    }
  }

  /** One message. False when the conversation is over. */
  private async take(
    request: ConnectRequest | UnreadableMessage,
    outbox: Outbox,
    conversation: Conversation,
  ): Promise<boolean> {
    const cameAtMs = conversation.arrivals.next();
    if (conversation.with) {
      await this.hear(conversation.with, request, cameAtMs);
      return true;
    }
    let hello: Hello | null = null;
    let connection: AgentConnection | null;
    let refused: readonly string[];
    try {
      const { message } = cleanAgentMessage(assertReadable(request));
      if (message === undefined) return true;
      clearTimeout(conversation.helloTimer);
      this.grpc.arrivals.assertInTime('connect agent', cameAtMs);
      if (message.$case !== 'hello') throw helloExpected(message.$case);
      hello = message.value;
      const labels = soundLabels(hello);
      refused = labels.refused;
      connection = await this.registrar.welcome({ ...hello, labels: labels.sound }, outbox);
    } catch (thrown) {
      clearTimeout(conversation.helloTimer);
      await this.inbox.turnedAway(hello, asLuofleetError(thrown, 'connect agent'));
      throw thrown;
    }
    if (connection === null) return false;
    conversation.with = connection;
    await this.registrar.tellRefusedLabels(connection, refused);
    if (this.draining) connection.sayGoodbye('DRAINING', DRAINING);
    const rollouts = await this.registrar.waitingRollouts(connection.hostId);
    await this.inbox.opened(connection, rollouts);
    return true;
  }

  /** One message of a welcomed agent. */
  private async hear(
    connection: AgentConnection,
    request: ConnectRequest | UnreadableMessage,
    cameAtMs: number,
  ): Promise<void> {
    const { logger } = this.runtime;
    if (request instanceof UnreadableMessage)
      return logger.warn('message of an agent can not be decoded', {
        hostId: connection.hostId,
        err: request.cause,
      });
    const { message } = cleanAgentMessage(limitFiles(request));
    if (message === undefined) return;
    const key = keyOf(message);
    if (key === undefined || isCommandKey(key))
      return this.inbox.receive(connection, message, cameAtMs);
    logger.warn('no command has this key', { hostId: connection.hostId, idempotencyKey: key });
    if (message.$case === 'commandResult')
      connection.send({ $case: 'resultRecorded', value: { idempotencyKey: key } });
  }

  /** What was heard of the host is dropped before it is taken offline, or it would be written after that. */
  private async letGo(connection: AgentConnection): Promise<void> {
    if (this.streams.get(connection.hostId) === connection) this.inbox.closed(connection);
    await this.registrar.release(connection);
  }

  private fail(call: AgentCall, thrown: unknown): void {
    const error = asLuofleetError(thrown, 'serve agent');
    this.runtime.logger.warn('agent stream ended with an error', { err: error });
    call.emit('error', { code: error.mapping.grpcStatus, details: statusText(error) });
  }
}

/** The key of the command that a message is about. */
function keyOf(message: AgentMessage): string | undefined {
  const isAboutCommand = message.$case === 'commandAccepted' || message.$case === 'commandResult';
  return isAboutCommand ? message.value.idempotencyKey : undefined;
}

/** From the opening of a stream to its hello. */
const HELLO_WITHIN_MS = 10_000;
/** A welcomed agent beats more often. It is heard again when it connects again. */
const SILENT_MS_MIN = 60_000;
/** How long a stop waits for streams to end. */
const DRAIN_MS = 3_000;

function late(what: string, withinMs: number): LuofleetError {
  return new LuofleetError({
    code: 'DEADLINE_EXCEEDED',
    operation: 'connect agent',
    subject: 'stream',
    detail: `No ${what} came within ${withinMs} ms.`,
  });
}

const DRAINING = 'this replica stops; connect to another one';
