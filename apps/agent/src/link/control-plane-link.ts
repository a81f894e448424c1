// The agent's stream to the control plane. Always dialled from here; one stream at a time.
//
// Happy path: connect, Hello, Welcome, then every unrecorded result again and a heartbeat per interval; commands go to
// the executor, results out, ResultRecorded back to the journal.
// Unhappy paths: a stream that ends or errs is dialled again after a backoff at the next address; Goodbye DRAINING goes
// to another address at once; SUPERSEDED waits the longest backoff, because another agent of this name is connected;
// DECOMMISSIONED ends the link for good while the workloads go on. A control plane that stops answering is noticed by
// HTTP/2 keepalive. Messages that are not understood are logged and dropped.
// Ordering: nothing is sent before Hello; results only after Welcome.
import { credentials, type ChannelOptions, type ClientDuplexStream } from '@grpc/grpc-js';
import {
  AgentServiceClient,
  type ConnectRequest,
  type ConnectResponse,
  type Goodbye,
  type Hello,
} from '@luofleet/proto';
import type { WorkloadHealth } from '../backend/backend';
import type { Log } from '../log';
import type { AgentCommand, AgentResult } from '../model/command';
import { Backoff } from './backoff';
import { fromWireCommand, toWireResult } from './wire';

/** The side of the link that knows this host. */
export interface LinkHost {
  hello(): Hello;
  heartbeat(): { incarnationId: string; frozen: boolean; workloads: WorkloadHealth[] };
  unrecordedResults(): AgentResult[];
  onCommand(command: AgentCommand): void;
  onRecorded(key: string): void;
}

export interface LinkOptions {
  host: LinkHost;
  /** One client per address, in order of preference. Shared between simulated hosts. */
  clients: readonly AgentServiceClient[];
  log: Log;
  backoffFirstMs?: number;
  backoffMaxMs?: number;
}

type Stream = ClientDuplexStream<ConnectRequest, ConnectResponse>;

/** A result with thousands of files is larger than gRPC's default limit of 4 MiB. */
const MESSAGE_BYTES_MAX = 64 * 2 ** 20;

const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  // Reconnecting is this link's own business; gRPC's backoff beneath it would only add to it.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** A client for one address. `ownConnection` keeps gRPC from sharing one TCP connection between channels. */
export const clientFor = (address: string, ownConnection = false): AgentServiceClient =>
  new AgentServiceClient(address, credentials.createInsecure(), {
    ...channelOptions,
    'grpc.use_local_subchannel_pool': ownConnection ? 1 : 0,
  });

export class ControlPlaneLink {
  private stream: Stream | null = null;
  private welcomed = false;
  private closed = false;
  private address = 0;
  private heartbeatSequence = 0n;
  private heartbeatTimer: NodeJS.Timeout | undefined;
  private dialTimer: NodeJS.Timeout | undefined;
  private readonly backoff: Backoff;
  private readonly backoffMaxMs: number;

  constructor(private readonly options: LinkOptions) {
    this.backoffMaxMs = options.backoffMaxMs ?? 10_000;
    this.backoff = new Backoff(options.backoffFirstMs ?? 200, this.backoffMaxMs);
  }

  /** Dials now and keeps a stream open from here on. */
  open(): void {
    this.dial();
  }

  accepted(key: string): void {
    this.send({ $case: 'commandAccepted', value: { idempotencyKey: key } });
  }

  /** Sent now if connected; otherwise it goes out after the next Welcome, because it is unrecorded. */
  result(result: AgentResult): void {
    if (this.welcomed) this.send({ $case: 'commandResult', value: toWireResult(result) });
  }

  /** Ends the stream and dials no more. The clients stay open: they may be shared. */
  close(): void {
    this.closed = true;
    clearTimeout(this.dialTimer);
    this.drop()?.end();
  }

  private dial(): void {
    const { clients, host, log } = this.options;
    const client = clients[this.address % clients.length];
    if (this.closed || client === undefined) return;
    const stream = client.connect();
    this.stream = stream;
    stream.on('data', (message: ConnectResponse) => {
      if (stream === this.stream) this.receive(message);
    });
    stream.on('error', (error) => {
      if (stream === this.stream) log.warn('stream failed', { error: error.message });
      this.redial(stream);
    });
    stream.on('end', () => this.redial(stream));
    this.send({ $case: 'hello', value: host.hello() });
  }

  /** Answers to the end of `stream`: the next address after a backoff. */
  private redial(stream: Stream): void {
    if (stream !== this.stream) return;
    this.drop();
    this.address += 1;
    this.dialAfter(this.backoff.nextMs());
  }

  private dialAfter(delayMs: number): void {
    if (this.closed) return;
    clearTimeout(this.dialTimer);
    this.dialTimer = setTimeout(() => this.dial(), delayMs);
  }

  private drop(): Stream | null {
    const { stream } = this;
    clearInterval(this.heartbeatTimer);
    this.stream = null;
    this.welcomed = false;
    return stream;
  }

  private receive({ message }: ConnectResponse): void {
    const { host, log } = this.options;
    switch (message?.$case) {
      case 'welcome':
        return this.welcome(message.value.heartbeatIntervalMs, message.value.replicaId);
      case 'command': {
        const command = fromWireCommand(message.value);
        if (command === undefined) {
          const { idempotencyKey, phase } = message.value;
          log.warn('command is not understood and was dropped', { idempotencyKey, phase });
          return;
        }
        return host.onCommand(command);
      }
      case 'resultRecorded':
        return host.onRecorded(message.value.idempotencyKey);
      case 'goodbye':
        return this.goodbye(message.value);
      case undefined:
        log.warn('message is not understood and was dropped');
    }
  }

  private welcome(heartbeatIntervalMs: number, replicaId: string): void {
    const { host, log } = this.options;
    log.info('welcome', { replicaId, heartbeatIntervalMs });
    this.welcomed = true;
    this.backoff.reset();
    for (const result of host.unrecordedResults()) this.result(result);
    this.beat();
    clearInterval(this.heartbeatTimer);
    this.heartbeatTimer = setInterval(() => this.beat(), heartbeatIntervalMs || 2_000);
  }

  private beat(): void {
    this.heartbeatSequence += 1n;
    const value = { sequence: this.heartbeatSequence, ...this.options.host.heartbeat() };
    this.send({ $case: 'heartbeat', value });
  }

  private goodbye({ code, detail }: Goodbye): void {
    this.options.log.info('goodbye', { code, detail });
    const stream = this.drop();
    stream?.end();
    this.address += 1;
    if (code === 'DECOMMISSIONED') this.closed = true;
    else if (code === 'SUPERSEDED') this.dialAfter(this.backoffMaxMs);
    else this.dialAfter(this.backoff.nextMs());
  }

  private send(message: ConnectRequest['message']): void {
    this.stream?.write({ message });
  }
}
