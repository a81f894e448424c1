import type { ServerDuplexStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { type ConnectRequest, ConnectResponse } from '@luofleet/proto';

export type AgentCall = ServerDuplexStream<ConnectRequest, ConnectResponse>;

/** What may wait for one agent that takes nothing off its stream. */
const WAITING_BYTES_MAX = 4 * 2 ** 20;

/**
 * Messages on their way to one agent, in order; waits whenever the stream's window is full. A stream on which too much
 * waits is given up: all of it is in Postgres and is sent again at the next hello.
 */
export class Outbox {
  private readonly waiting: ConnectResponse[] = [];
  private waitingBytes = 0;
  private blocked = false;
  private ending = false;
  private ended = false;

  constructor(private readonly call: AgentCall) {
    call.on('drain', () => {
      this.blocked = false;
      this.flush();
      if (this.waiting.length === 0) this.waitingBytes = 0;
    });
  }

  send(message: NonNullable<ConnectResponse['message']>): void {
    if (this.ending || this.ended) return;
    this.waiting.push({ message });
    if (this.blocked) this.waitingBytes += ConnectResponse.encode({ message }).finish().length;
    if (this.waitingBytes > WAITING_BYTES_MAX) this.giveUp();
    else this.flush();
  }

  private giveUp(): void {
    this.drop();
    const details = `more than ${WAITING_BYTES_MAX} bytes wait for this agent`;
    this.call.emit('error', { code: status.RESOURCE_EXHAUSTED, details });
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
