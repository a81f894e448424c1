import type { ServerDuplexStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { type ConnectRequest, ConnectResponse } from '@luofleet/proto';

export type AgentCall = ServerDuplexStream<ConnectRequest, ConnectResponse>;

/** What may wait for one agent that takes nothing off its stream. */
const WAITING_BYTES_MAX = 4 * 2 ** 20;

/**
 * Messages on their way to one agent, in order; the stream keeps them until the agent takes them. A stream on which too
 * much waits is given up: all of it is in Postgres and is sent again at the next hello.
 */
export class Outbox {
  private waitingBytes = 0;
  private over = false;

  constructor(private readonly call: AgentCall) {}

  send(message: NonNullable<ConnectResponse['message']>): void {
    if (this.isOver) return;
    const bytes = ConnectResponse.encode({ message }).finish().length;
    this.waitingBytes += bytes;
    if (this.waitingBytes > WAITING_BYTES_MAX) return this.giveUp();
    this.call.write({ message }, () => (this.waitingBytes -= bytes));
  }

  private giveUp(): void {
    this.over = true;
    const details = `more than ${WAITING_BYTES_MAX} bytes wait for this agent`;
    this.call.emit('error', { code: status.RESOURCE_EXHAUSTED, details });
  }

  /** Ends the stream once everything that was sent has gone out. */
  end(): void {
    if (this.isOver) return;
    this.over = true;
    this.call.end();
  }

  /** The stream is gone; nothing is written any more. */
  drop(): void {
    this.over = true;
  }

  /** Whether the stream is over, or will be once what was sent has gone out. */
  get isOver(): boolean {
    return this.over || this.call.writableEnded;
  }
}
