// A real gRPC server that says what a test tells it to: the control plane's half of AgentService, without deciding anything.
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  AgentServiceService,
  type AgentServiceServer,
  type Command,
  type CommandResult,
  type ConnectRequest,
  type ConnectResponse,
  type Goodbye,
  type Heartbeat,
  type Hello,
  MESSAGE_BYTES_MAX,
  Phase,
} from '@luofleet/proto';

type Stream = ServerDuplexStream<ConnectRequest, ConnectResponse>;

export class ScriptedControlPlane {
  readonly hellos: Hello[] = [];
  readonly heartbeats: Heartbeat[] = [];
  readonly accepted: string[] = [];
  /** Every delivery, repeated ones too. */
  readonly deliveries: CommandResult[] = [];
  /** Whether results are answered with ResultRecorded. */
  records = true;
  /** Whether hellos are answered. */
  welcomes = true;
  /** Whether what comes after the hello is taken off the stream. */
  takesOff = true;
  private readonly streams = new Map<string, Stream>();
  private readonly listeners = new Set<() => void>();
  private server = new Server();
  port = 0;

  async start(port = 0): Promise<this> {
    this.server = new Server({ 'grpc.max_receive_message_length': MESSAGE_BYTES_MAX });
    const implementation: AgentServiceServer = { connect: (stream) => this.connected(stream) };
    this.server.addService(AgentServiceService, implementation);
    this.port = await new Promise<number>((resolve, reject) => {
      const address = `127.0.0.1:${port}`;
      this.server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    return this;
  }

  /** Ends at once, as a crash would. */
  stop(): void {
    this.streams.clear();
    this.server.forceShutdown();
  }

  send(host: string, ...commands: Command[]): void {
    for (const value of commands)
      this.streams.get(host)?.write({ message: { $case: 'command', value } });
  }

  goodbye(host: string, code: string): void {
    const value: Goodbye = { code, detail: 'because the test says so' };
    const stream = this.streams.get(host);
    stream?.write({ message: { $case: 'goodbye', value } });
    stream?.end();
  }

  result(key: string): CommandResult | undefined {
    return this.deliveries.find(({ idempotencyKey }) => idempotencyKey === key);
  }

  /** Resolves once `condition` holds; looked at after every message. */
  async until<T>(
    what: string,
    condition: () => T | undefined | false,
    limitMs = 40_000,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const value = condition();
        if (value === undefined || value === false) return;
        clearTimeout(timer);
        this.listeners.delete(look);
        resolve(value);
      };
      const timer = setTimeout(() => {
        this.listeners.delete(look);
        const results = this.deliveries.map(({ idempotencyKey, outcome, reason }) => ({
          ...{ idempotencyKey, outcome, reason },
        }));
        reject(new Error(`not within ${limitMs} ms: ${what}; results ${JSON.stringify(results)}`));
      }, limitMs);
      this.listeners.add(look);
      look();
    });
  }

  resultOf(key: string): Promise<CommandResult> {
    return this.until(`result of ${key}`, () => this.result(key));
  }

  private connected(stream: Stream): void {
    let host = '';
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
    stream.on('close', () => {
      if (this.streams.get(host) === stream) this.streams.delete(host);
      this.notify();
    });
    stream.on('data', ({ message }: ConnectRequest) => {
      switch (message?.$case) {
        case 'hello':
          host = message.value.hostName;
          this.streams.set(host, stream);
          this.hellos.push(message.value);
          if (!this.takesOff) stream.pause();
          if (this.welcomes)
            stream.write({
              message: {
                $case: 'welcome',
                value: { hostId: host, heartbeatIntervalMs: 50, replicaId: 'scripted' },
              },
            });
          break;
        case 'heartbeat':
          this.heartbeats.push(message.value);
          break;
        case 'commandAccepted':
          this.accepted.push(message.value.idempotencyKey);
          break;
        case 'commandResult': {
          this.deliveries.push(message.value);
          const { idempotencyKey } = message.value;
          if (this.records)
            stream.write({ message: { $case: 'resultRecorded', value: { idempotencyKey } } });
          break;
        }
        case undefined:
      }
      this.notify();
    });
  }

  private notify(): void {
    for (const look of [...this.listeners]) look();
  }
}

export interface CommandShape {
  hostUpdate?: string;
  attempt?: number;
  generation?: bigint;
  release?: Command['release'];
  soakMs?: number;
  timeoutMs?: number;
}

const phaseWords: Partial<Record<Phase, string>> = {
  [Phase.PHASE_PREFLIGHT]: 'preflight',
  [Phase.PHASE_PRESERVE]: 'preserve',
  [Phase.PHASE_FREEZE]: 'freeze',
  [Phase.PHASE_REBOOT]: 'reboot',
  [Phase.PHASE_RETRIEVE]: 'retrieve',
  [Phase.PHASE_FINISH]: 'finish',
  [Phase.PHASE_VERIFY]: 'verify',
  [Phase.PHASE_ROLLBACK]: 'rollback',
};

export const keyOf = (
  phase: Phase,
  { hostUpdate = 'hu', attempt = 1 }: CommandShape = {},
  extra = '',
) => `${hostUpdate}/${phaseWords[phase]}/${attempt}${extra}`;

/** A command as the control plane writes it. */
export const commandFor = (
  phase: Phase,
  shape: CommandShape = {},
  afterKey = '',
  extra = '',
): Command => ({
  idempotencyKey: keyOf(phase, shape, extra),
  hostUpdateId: shape.hostUpdate ?? 'hu',
  rolloutId: 'rollout',
  phase,
  attempt: shape.attempt ?? 1,
  generation: shape.generation ?? 1n,
  afterKey,
  timeoutMs: shape.timeoutMs ?? 30_000,
  release: shape.release,
  soakMs: shape.soakMs ?? 0,
});

/** Freeze, reboot and retrieve, chained. */
export const blackoutCommands = (shape: CommandShape): Command[] => [
  commandFor(Phase.PHASE_FREEZE, shape),
  commandFor(Phase.PHASE_REBOOT, shape, keyOf(Phase.PHASE_FREEZE, shape)),
  commandFor(Phase.PHASE_RETRIEVE, shape, keyOf(Phase.PHASE_REBOOT, shape)),
];
