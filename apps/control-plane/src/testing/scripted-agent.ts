/** An agent with a script instead of an engine: a real grpc-js client that answers commands as a test tells it to. */
import { credentials, type ClientDuplexStream } from '@grpc/grpc-js';
import {
  AgentServiceClient,
  Backend,
  Command,
  CommandResult,
  type ConnectRequest,
  type ConnectResponse,
  Hello,
  Outcome,
  Phase,
} from '@luofleet/proto';
import { within } from '@luofleet/platform';

/** Far more than anything takes that an agent waits for. */
const WAIT_MS = 30_000;

type Answer = Partial<Omit<CommandResult, 'reason'>> & {
  readonly reason?: { readonly code: string; readonly detail: string };
};
/** What a command is answered with; null: with nothing. */
export type Script = (command: Command) => Answer | null;

export const succeed: Script = () => ({ outcome: Outcome.OUTCOME_SUCCEEDED });

export class ScriptedAgent {
  readonly commands: Command[] = [];
  readonly recorded: string[] = [];
  readonly goodbyes: string[] = [];
  private client: AgentServiceClient | undefined;
  private stream: ClientDuplexStream<ConnectRequest, ConnectResponse> | undefined;
  private readonly answered = new Map<string, CommandResult>();
  private waiting: { readonly holds: () => boolean; readonly done: () => void }[] = [];
  private beating: NodeJS.Timeout | undefined;
  /** Whether it sends heartbeats by itself. */
  beats = true;
  hostId = '';
  ended = false;

  constructor(
    readonly hostName: string,
    public script: Script = succeed,
    private readonly hello: Partial<Hello> = {},
  ) {}

  /** Connects and says hello; returns once welcomed or sent away. */
  async connect(port: number): Promise<this> {
    this.client?.close();
    this.client = new AgentServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
    this.stream = this.client.connect();
    this.ended = false;
    this.hostId = '';
    this.stream.on('data', (response: ConnectResponse) => this.receive(response));
    this.stream.on('error', () => this.end());
    this.stream.on('end', () => this.end());
    this.send({
      $case: 'hello',
      value: Hello.create({
        hostName: this.hostName,
        agentVersion: '0.1.0',
        backend: Backend.BACKEND_MEMORY,
        bootId: 'boot-1',
        incarnationId: 'incarnation-1',
        runningVersion: '1.0.0',
        handlers: ['memfd-v1'],
        ...this.hello,
      }),
    });
    await this.until(() => this.hostId !== '' || this.ended);
    return this;
  }

  /** Resolves as soon as `holds` does, looked at after everything that arrives; rejects when that takes too long. */
  async until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    const held = new Promise<void>((done) => this.waiting.push({ holds, done }));
    await within(WAIT_MS, held, () => {
      const { hostName, hostId, ended, goodbyes, recorded } = this;
      const seen = { hostId, ended, goodbyes, phases: this.phases(), recorded };
      return new Error(
        `agent ${hostName} waited ${WAIT_MS} ms for ${holds}; it has ${JSON.stringify(seen)}`,
      );
    });
  }

  /** Answers a command, or says again what it was answered with. */
  answer(command: Command, answer: Answer): void {
    const result =
      this.answered.get(command.idempotencyKey) ??
      CommandResult.create({
        idempotencyKey: command.idempotencyKey,
        phase: command.phase,
        startedAtMs: 1_700_000_000_000n,
        finishedAtMs: 1_700_000_000_010n,
        ...answer,
      });
    this.answered.set(command.idempotencyKey, result);
    this.send({ $case: 'commandResult', value: result });
  }

  heartbeat(): void {
    this.send({
      $case: 'heartbeat',
      value: { sequence: 1n, incarnationId: 'incarnation-1', frozen: false, workloads: [] },
    });
  }

  /** Cuts the connection, as a crash would. */
  disconnect(): void {
    this.stream?.cancel();
    this.client?.close();
  }

  phases(): string[] {
    return this.commands.map(({ phase }) => Phase[phase].replace('PHASE_', '').toLowerCase());
  }

  private send(message: NonNullable<ConnectRequest['message']>): void {
    this.stream?.write({ message });
  }

  private receive({ message }: ConnectResponse): void {
    switch (message?.$case) {
      case 'welcome':
        this.hostId = message.value.hostId;
        clearInterval(this.beating);
        if (this.beats)
          this.beating = setInterval(
            () => this.heartbeat(),
            message.value.heartbeatIntervalMs,
          ).unref();
        break;
      case 'command':
        this.take(message.value);
        break;
      case 'resultRecorded':
        this.recorded.push(message.value.idempotencyKey);
        break;
      case 'goodbye':
        this.goodbyes.push(message.value.code);
        break;
      case undefined:
        break;
    }
    this.look();
  }

  /** A command that came before is not carried out again; its result is repeated. */
  private take(command: Command): void {
    const known = this.answered.get(command.idempotencyKey);
    if (known) return this.send({ $case: 'commandResult', value: known });
    this.commands.push(command);
    const { idempotencyKey } = command;
    this.send({ $case: 'commandAccepted', value: { idempotencyKey } });
    const answer = this.script(command);
    if (answer !== null) this.answer(command, answer);
  }

  private end(): void {
    clearInterval(this.beating);
    this.ended = true;
    this.look();
  }

  /** Looks again whether what is waited for holds. */
  look(): void {
    const met = this.waiting.filter(({ holds }) => holds());
    this.waiting = this.waiting.filter((waiter) => !met.includes(waiter));
    for (const { done } of met) done();
  }
}
