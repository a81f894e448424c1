// The control plane's half of the agent's stream, for one host and without a database: it sends the phases of one update,
// chained, and tells when a result came. Nothing of it runs while a kernel boots.
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  AgentServiceService,
  Outcome,
  Phase,
  type AgentServiceServer,
  type CommandResult,
  type ConnectRequest,
  type ConnectResponse,
  type ReleaseSpec,
} from '@luofleet/proto';

type Stream = ServerDuplexStream<ConnectRequest, ConnectResponse>;

const HEARTBEAT_MS = 500;
const PHASE_TIMEOUT_MS = 120_000;
/** In the order of the protocol; each waits on the host for the one before it. */
const phases = {
  preflight: Phase.PHASE_PREFLIGHT,
  preserve: Phase.PHASE_PRESERVE,
  freeze: Phase.PHASE_FREEZE,
  reboot: Phase.PHASE_REBOOT,
  retrieve: Phase.PHASE_RETRIEVE,
  finish: Phase.PHASE_FINISH,
};

export class CommandPlane {
  private readonly server = new Server();
  private stream: Stream | null = null;
  private serving = false;
  private readonly results = new Map<string, CommandResult>();
  private readonly listeners = new Set<() => void>();

  /** Listens on a free loopback port and resolves with it. */
  open(): Promise<number> {
    const implementation: AgentServiceServer = { connect: (stream) => this.connected(stream) };
    this.server.addService(AgentServiceService, implementation);
    return new Promise((resolve, reject) => {
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  }

  close(): void {
    this.server.forceShutdown();
  }

  /** Resolves once an agent is connected whose workloads serve. */
  untilServing(): Promise<void> {
    return this.until(() => (this.serving ? true : undefined)).then(() => undefined);
  }

  /** Sends all phases of one update and resolves when the last one succeeded. Rejects with the first that did not. */
  async update(id: string, generation: bigint, release: ReleaseSpec): Promise<void> {
    const key = (phase: string) => `${id}/${phase}/1`;
    const names = Object.keys(phases);
    Object.entries(phases).forEach(([name, phase], i) => {
      const before = names[i - 1];
      this.stream?.write({
        message: {
          $case: 'command',
          value: {
            ...{ idempotencyKey: key(name), hostUpdateId: id, rolloutId: 'blackout', phase },
            ...{ attempt: 1, generation, release, soakMs: 0, timeoutMs: PHASE_TIMEOUT_MS },
            afterKey: before === undefined ? '' : key(before),
          },
        },
      });
    });
    await this.until(() => {
      const known = names.map((name) => this.results.get(key(name)));
      const bad = known.find((one) => one && one.outcome !== Outcome.OUTCOME_SUCCEEDED);
      if (bad !== undefined) {
        const { idempotencyKey, outcome, reason } = bad;
        throw new Error(`${idempotencyKey}: ${Outcome[outcome]} ${JSON.stringify(reason)}`);
      }
      return known.at(-1);
    });
    // What it said so far says nothing about the agent of the next round.
    this.serving = false;
    this.stream = null;
  }

  private until<T>(condition: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        try {
          const value = condition();
          if (value === undefined) return;
          resolve(value);
        } catch (error) {
          reject(error as Error);
        }
        this.listeners.delete(look);
      };
      this.listeners.add(look);
      look();
    });
  }

  private connected(stream: Stream): void {
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
    stream.on('data', ({ message }: ConnectRequest) => {
      if (message?.$case === 'hello') {
        this.stream = stream;
        const { hostName: hostId } = message.value;
        const welcome = { hostId, heartbeatIntervalMs: HEARTBEAT_MS, replicaId: 'bench' };
        stream.write({ message: { $case: 'welcome', value: welcome } });
      } else if (message?.$case === 'heartbeat' && stream === this.stream) {
        const { workloads } = message.value;
        this.serving = workloads.length > 0 && workloads.every(({ state }) => state === 'serving');
      } else if (message?.$case === 'commandResult') {
        const { idempotencyKey } = message.value;
        this.results.set(idempotencyKey, message.value);
        stream.write({ message: { $case: 'resultRecorded', value: { idempotencyKey } } });
      }
      for (const look of [...this.listeners]) look();
    });
  }
}
