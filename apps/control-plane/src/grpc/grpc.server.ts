/**
 * DOC: the gRPC port
 *
 * Purpose: one grpc-js server in Nest's life cycle. Services add themselves while modules initialise; the server binds
 * once the application has started, so no call meets a half-built service.
 *
 * Happy path: `add` in onModuleInit, `start` after the application has initialised, `port` from then on.
 *
 * Unhappy paths: an address that cannot be bound fails the start. On shutdown streams are given DRAIN_MS to end (their
 * services say goodbye in beforeApplicationShutdown), then they are cut.
 */
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { MESSAGE_BYTES_MAX } from '@luofleet/proto';
import { LuofleetError } from '@luofleet/platform';
import { ArrivalClock } from './arrival.clock';
import { boundedCalls } from './bounded-calls';
import { readableMethods } from './unreadable-message';
import { type ControlPlaneSettings, SETTINGS } from '../settings/control-plane.settings';

const DRAIN_MS = 3000;

@Injectable()
export class GrpcServer implements OnApplicationShutdown {
  private readonly server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5_000,
    'grpc.keepalive_permit_without_calls': 1,
    // Without a call; pings alone keep no connection.
    'grpc.max_connection_idle_ms': 60_000,
    interceptors: [boundedCalls],
  });
  private boundPort = 0;

  constructor(
    @Inject(SETTINGS) private readonly settings: ControlPlaneSettings,
    /** When what is read here came. */
    @Inject(ArrivalClock) readonly arrivals: ArrivalClock,
  ) {}

  /** Adds a service; only before `start`. What can not be decoded reaches it as an UnreadableMessage. */
  add(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.server.addService(readableMethods(definition), implementation);
  }

  /** @throws LuofleetError UNAVAILABLE when the address cannot be bound */
  async start(): Promise<void> {
    const { grpcHost, grpcPort } = this.settings;
    this.boundPort = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(
        `${grpcHost.includes(':') ? `[${grpcHost}]` : grpcHost}:${grpcPort}`,
        ServerCredentials.createInsecure(),
        (error, port) => (error ? reject(error) : resolve(port)),
      );
    }).catch((error: unknown) => {
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
    return this.boundPort;
  }

  async onApplicationShutdown(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => {
        this.server.forceShutdown();
        // Connections whose other side is silent are not waited for: grpc-js may never tell that they are closed.
        resolve();
      }, DRAIN_MS);
      this.server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
  }
}
