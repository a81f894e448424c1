/**
 * DOC: the gRPC port
 *
 * Purpose: one grpc-js server in Nest's life cycle. Services add themselves while modules initialise; the server binds
 * once the application has started, so no call meets a half-built service.
 *
 * Happy path: `add` in onModuleInit, `start` after the application has initialised, `port` from then on.
 *
 * Unhappy paths: an address that cannot be bound fails the start. What takes its time is bounded: calls in `boundedCalls`,
 * connections in `boundedConnections`, here those without a call or an answer to pings. On shutdown streams are given
 * DRAIN_MS to end (their services say goodbye in beforeApplicationShutdown), then they are cut.
 */
import { once } from 'node:events';
import type { AddressInfo, Server as Port, Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { MESSAGE_BYTES_MAX } from '@luofleet/proto';
import { type Logger, LuofleetError } from '@luofleet/platform';
import { ArrivalClock } from './arrival.clock';
import { boundedCalls } from './bounded-calls';
import { boundedConnections } from './bounded-connections';
import { readableMethods } from './unreadable-message';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';
import { LOGGER } from '../settings/platform.tokens';

const DRAIN_MS = 3000;

@Injectable()
export class GrpcServer implements OnApplicationShutdown {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly listener: Port;

  constructor(
    @Inject(SETTINGS) private readonly settings: ControlPlaneSettings,
    /** When what is read here came. */
    @Inject(ArrivalClock) readonly arrivals: ArrivalClock,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.server = new Server({
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_concurrent_streams': settings.grpcStreamsMax,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      'grpc.keepalive_permit_without_calls': 1,
      // Without a call; pings alone keep no connection.
      'grpc.max_connection_idle_ms': 60_000,
      interceptors: [boundedCalls],
    });
    const calls = this.server.createConnectionInjector(ServerCredentials.createInsecure());
    this.listener = boundedConnections(settings.grpcConnectionsMax, logger, (socket) => {
      this.sockets.add(socket.once('close', () => this.sockets.delete(socket)));
      calls.injectConnection(socket);
    });
  }

  /** Adds a service; only before `start`. What can not be decoded reaches it as an UnreadableMessage. */
  add(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.server.addService(readableMethods(definition), implementation);
  }

  /** @throws LuofleetError UNAVAILABLE when the address cannot be bound */
  async start(): Promise<void> {
    const { grpcHost, grpcPort } = this.settings;
    const listening = once(this.listener.listen(grpcPort, grpcHost), 'listening');
    await listening.catch((error: unknown) => {
      throw new LuofleetError({
        code: 'UNAVAILABLE',
        operation: 'serve gRPC',
        subject: `${grpcHost}:${grpcPort}`,
        detail: `Could not listen on ${grpcHost}:${grpcPort}; set GRPC_HOST and GRPC_PORT to a free address.`,
        cause: error,
      });
    });
  }

  /** The port it listens on; 0 before `start`. */
  get port(): number {
    return (this.listener.address() as AddressInfo | null)?.port ?? 0;
  }

  async onApplicationShutdown(): Promise<void> {
    this.listener.close();
    await new Promise<void>((resolve) => {
      const cut = setTimeout(resolve, DRAIN_MS);
      this.server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
    this.server.forceShutdown();
    // Also those of which grpc-js knows nothing any more.
    for (const socket of this.sockets) socket.destroy();
  }
}
