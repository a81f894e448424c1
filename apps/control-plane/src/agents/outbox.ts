import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { ConnectRequest, ConnectResponse } from '@luofleet/proto';

export type AgentCall = ServerDuplexStream<ConnectRequest, ConnectResponse>;

/** Messages on their way to one agent, in order; waits whenever the stream's window is full. */
export class Outbox {
  private readonly waiting: ConnectResponse[] = [];
  private blocked = false;
  private ending = false;
  private ended = false;

  constructor(private readonly call: AgentCall) {
    call.on('drain', () => {
      this.blocked = false;
      this.flush();
    });
  }

  send(message: NonNullable<ConnectResponse['message']>): void {
    if (this.ending || this.ended) return;
    this.waiting.push({ message });
    this.flush();
  }

  /** Ends the stream once everything that was sent has gone out. */
  end(): void {
    this.ending = true;
    this.flush();
  }

  /** The stream is gone; nothing is written any more. */
  drop(): void {
    this.ended = true;
    this.waiting.length = 0;
  }

  /** Whether the stream is over, or will be once what was sent has gone out. */
  get isOver(): boolean {
    return this.ending || this.ended;
  }

  private flush(): void {
    while (!this.blocked && !this.ended) {
      const message = this.waiting.shift();
      if (message === undefined) break;
      this.blocked = !this.call.write(message);
    }
    if (this.ending && !this.ended && this.waiting.length === 0) {
      this.ended = true;
      this.call.end();
    }
  }
}
