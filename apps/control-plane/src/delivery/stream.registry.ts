import { Injectable } from '@nestjs/common';
import type { ConnectResponse } from '@luofleet/proto';

/** A host's open stream, as others use it. */
export interface HostStream {
  readonly hostId: string;
  /** Queues a message; the stream's own flow control decides when it goes out. */
  send(message: NonNullable<ConnectResponse['message']>): void;
  /** Says goodbye and ends the stream. */
  sayGoodbye(
    code: 'DRAINING' | 'SUPERSEDED' | 'DECOMMISSIONED' | 'IDENTITY_REFUSED',
    detail: string,
  ): void;
}

/** The streams this replica holds, one for each host. */
@Injectable()
export class StreamRegistry {
  private readonly streams = new Map<string, HostStream>();

  /** Puts a stream in its host's place. Returns the stream that was there, which has been superseded. */
  hold(stream: HostStream): HostStream | undefined {
    const previous = this.streams.get(stream.hostId);
    this.streams.set(stream.hostId, stream);
    return previous;
  }

  /** The undo of `hold`. False when a newer stream has the place. */
  release(stream: HostStream): boolean {
    if (this.streams.get(stream.hostId) !== stream) return false;
    return this.streams.delete(stream.hostId);
  }

  get(hostId: string): HostStream | undefined {
    return this.streams.get(hostId);
  }

  all(): HostStream[] {
    return [...this.streams.values()];
  }
}
