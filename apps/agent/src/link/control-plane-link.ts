// The agent's stream to the control plane. Always dialled from here; one stream at a time.
//
// Happy path: connect, Hello, Welcome, then every unrecorded result again and a heartbeat per interval; commands go to
// the executor, results out, ResultRecorded back to the journal.
// Unhappy paths: a stream that ends or errs, or is not welcomed in time, is dialled again after a backoff at the next
// address, and so is one on which nothing is recorded any more or nothing is taken off. The backoff grows until a stream
// has lasted. Goodbye DRAINING goes to another address; SUPERSEDED waits the longest backoff, because another agent of
// this host is connected; IDENTITY_REFUSED and DECOMMISSIONED wait far longer, because only a person can help; the
// workloads go on. The first tries after a refusal come sooner: what was refused may have ended by itself (the record took
// the stream of the kernel before for one that is open). A connection that stops answering is noticed by HTTP/2 keepalive. Messages that
// are not understood are logged and dropped, commands among them refused.
// Ordering: nothing is sent before Hello; results only after Welcome.
import { credentials, type ChannelOptions, type ClientDuplexStream } from '@grpc/grpc-js';
import {
  AgentServiceClient,
  type ConnectRequest,
  type ConnectResponse,
  fitResult,
  type Goodbye,
  type Hello,
  MESSAGE_BYTES_MAX,
} from '@luofleet/proto';
import type { WorkloadHealth } from '../backend/backend';
import type { Log } from '../log';
import type { AgentCommand, AgentResult } from '../model/command';
import { describeError } from '../model/reason';
import { Backoff } from './backoff';
import { fromWireCommand, refusedUnknown, toWireResult } from './wire';

/** The side of the link that knows this host. */
export interface LinkHost {
  hello(): Omit<Hello, 'streamNumber'>;
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
  /** From dialling to Welcome. */
  welcomeWithinMs?: number;
  /** While results are out: until the next one is recorded. Also how long the stream may take nothing off. */
  progressWithinMs?: number;
  /** About that long between hellos of a host whose identity is refused; sooner at first. */
  refusedRetryMs?: number;
  decommissionedRetryMs?: number;
}

type Stream = ClientDuplexStream<ConnectRequest, ConnectResponse>;

const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  // A replica that has stopped answering is left in less time than phases are given.
  'grpc.keepalive_time_ms': 4_000,
  'grpc.keepalive_timeout_ms': 4_000,
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
  /** When this stream was welcomed, on the monotonic clock; null before. */
  private welcomedAtMs: number | null = null;
  private closed = false;
  private address = 0;
  private streamNumber = 0n;
  private heartbeatSequence = 0n;
  private heartbeatTimer: NodeJS.Timeout | undefined;
  private dialTimer: NodeJS.Timeout | undefined;
  /** Runs out when the other side does not answer what it has to answer next. */
  private answerTimer: NodeJS.Timeout | undefined;
  /** Keys of results that were sent on this stream and are not recorded yet. */
  private readonly outstanding = new Set<string>();
  private stuckSinceMs: number | null = null;
  private readonly backoff: Backoff;
  private readonly refusedBackoff: Backoff;
  private readonly limits: Required<
    Pick<
      LinkOptions,
      | 'backoffMaxMs'
      | 'welcomeWithinMs'
      | 'progressWithinMs'
      | 'refusedRetryMs'
      | 'decommissionedRetryMs'
    >
  >;

  constructor(private readonly options: LinkOptions) {
    this.limits = {
      backoffMaxMs: options.backoffMaxMs ?? 10_000,
      welcomeWithinMs: options.welcomeWithinMs ?? 15_000,
      progressWithinMs: options.progressWithinMs ?? 20_000,
      refusedRetryMs: options.refusedRetryMs ?? 60_000,
      decommissionedRetryMs: options.decommissionedRetryMs ?? 5 * 60_000,
    };
    this.backoff = new Backoff(options.backoffFirstMs ?? 200, this.limits.backoffMaxMs);
    // The first comes after 12 s, by default: then a stream that broke without a word counts as ended.
    const { refusedRetryMs } = this.limits;
    this.refusedBackoff = new Backoff(refusedRetryMs * 0.4, refusedRetryMs * 1.3);
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
    if (this.welcomedAtMs === null) return;
    if (this.outstanding.size === 0) this.expectProgress();
    this.outstanding.add(result.key);
    const value = fitResult(toWireResult(result));
    if (value.leftOutFiles > 0)
      this.options.log.warn('result is too large, files were left out of it', {
        ...{ key: result.key, leftOutFiles: value.leftOutFiles },
      });
    this.send({ $case: 'commandResult', value });
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
      if (stream === this.stream) log.warn('stream failed', { error: describeError(error) });
      this.redial(stream);
    });
    stream.on('end', () => this.redial(stream));
    this.expect('no welcome', this.limits.welcomeWithinMs);
    this.streamNumber += 1n;
    const value = { ...host.hello(), streamNumber: this.streamNumber };
    this.send({ $case: 'hello', value });
  }

  /** Leaves the stream unless `answerTimer` is cleared or set anew in time. */
  private expect(lack: string, withinMs: number): void {
    clearTimeout(this.answerTimer);
    this.answerTimer = setTimeout(() => this.abandon(`${lack} within ${withinMs} ms`), withinMs);
  }

  private expectProgress(): void {
    this.expect('no result was recorded', this.limits.progressWithinMs);
  }

  private abandon(why: string): void {
    const { stream } = this;
    if (stream === null) return;
    this.options.log.warn('the control plane does not answer; trying the next address', { why });
    this.redial(stream);
  }

  /** Answers to the end of `stream`: the next address after a backoff. */
  private redial(stream: Stream): void {
    if (stream !== this.stream) return;
    const { welcomedAtMs } = this;
    // A stream that was welcomed and broke at once is no success: what breaks it may be what is sent on it.
    if (welcomedAtMs !== null && performance.now() - welcomedAtMs > this.limits.backoffMaxMs)
      this.backoff.reset();
    this.drop();
    stream.cancel();
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
    clearTimeout(this.answerTimer);
    this.outstanding.clear();
    this.stream = null;
    this.welcomedAtMs = null;
    this.stuckSinceMs = null;
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
          log.warn('command is not understood and is refused', { idempotencyKey, phase });
          if (idempotencyKey !== '')
            this.send({ $case: 'commandResult', value: refusedUnknown(message.value) });
          return;
        }
        return host.onCommand(command);
      }
      case 'resultRecorded':
        return this.recorded(message.value.idempotencyKey);
      case 'goodbye':
        return this.goodbye(message.value);
      case undefined:
        log.warn('message is not understood and was dropped');
    }
  }

  private recorded(key: string): void {
    this.options.host.onRecorded(key);
    this.outstanding.delete(key);
    if (this.outstanding.size > 0) this.expectProgress();
    else clearTimeout(this.answerTimer);
  }

  private welcome(heartbeatIntervalMs: number, replicaId: string): void {
    const { host, log } = this.options;
    log.info('welcome', { replicaId, heartbeatIntervalMs });
    clearTimeout(this.answerTimer);
    this.welcomedAtMs = performance.now();
    this.refusedBackoff.reset();
    for (const result of host.unrecordedResults()) this.result(result);
    this.beat();
    clearInterval(this.heartbeatTimer);
    this.heartbeatTimer = setInterval(() => this.beat(), heartbeatIntervalMs || 2_000);
  }

  /** A stream that takes nothing off gets no more heartbeats, and is left after a while. */
  private beat(): void {
    if (this.stream?.writableNeedDrain) {
      this.stuckSinceMs ??= performance.now();
      if (performance.now() - this.stuckSinceMs > this.limits.progressWithinMs)
        this.abandon('nothing is taken off the stream');
      return;
    }
    this.stuckSinceMs = null;
    this.heartbeatSequence += 1n;
    const value = { sequence: this.heartbeatSequence, ...this.options.host.heartbeat() };
    this.send({ $case: 'heartbeat', value });
  }

  private goodbye({ code, detail }: Goodbye): void {
    const { log } = this.options;
    const { backoffMaxMs, decommissionedRetryMs } = this.limits;
    const stream = this.drop();
    stream?.cancel();
    this.address += 1;
    switch (code) {
      case 'DECOMMISSIONED':
        log.warn('this host was taken out of the fleet', { code, detail });
        return this.dialAfter(decommissionedRetryMs);
      case 'IDENTITY_REFUSED':
        log.error('the control plane refuses this host', { code, detail });
        return this.dialAfter(this.refusedBackoff.nextMs());
      case 'SUPERSEDED':
        log.warn('another agent of this host is connected', { code, detail });
        return this.dialAfter(backoffMaxMs);
      default:
        log.info('goodbye', { code, detail });
        return this.dialAfter(this.backoff.nextMs());
    }
  }

  private send(message: ConnectRequest['message']): void {
    this.stream?.write({ message });
  }
}
