// A TCP listening socket that can stop accepting without being closed: connections then wait in the kernel's backlog,
// and whoever has the descriptor (this process, or its successor) accepts them later. Nobody is refused.
import { createServer, type Server, type Socket } from 'node:net';
import { duplicate } from '@luofleet/linux';

export class ListeningSocket {
  private server: Server | null = null;

  private constructor(
    /** Open as long as the process lives; this is what is preserved. */
    readonly fd: number,
    private readonly onConnection: (socket: Socket) => void,
  ) {}

  /** A new socket on this port of HOST (127.0.0.1); it does not accept yet. */
  static async bind(
    port: number,
    onConnection: (socket: Socket) => void,
  ): Promise<ListeningSocket> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: process.env.HOST ?? '127.0.0.1', backlog: 511 }, resolve);
    });
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    const own = new ListeningSocket(duplicate(fd), onConnection);
    // A client that was accepted in these few instructions must not be dropped.
    server.on('connection', onConnection);
    own.server = server;
    return own;
  }

  /** A socket got from an earlier instance; it does not accept yet. */
  static adopt(fd: number, onConnection: (socket: Socket) => void): ListeningSocket {
    return new ListeningSocket(fd, onConnection);
  }

  /** Starts accepting. */
  async accept(): Promise<void> {
    if (this.server !== null) return;
    const server = createServer(this.onConnection);
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ fd: duplicate(this.fd) }, resolve);
    });
  }

  /** The undo of `accept`: connections made from now on wait. */
  pause(): void {
    this.server?.close();
    this.server = null;
  }
}
