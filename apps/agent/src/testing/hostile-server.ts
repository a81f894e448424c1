// A peer that answers as it likes: a TCP server that is told, for each request, what to do with the connection.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface HostileRequest {
  socket: Socket;
  /** Request line and headers as they came. */
  head: string;
  /** Counts from 1. */
  nth: number;
}

export type Manners = (request: HostileRequest) => void;

export class HostileServer {
  readonly heads: string[] = [];
  private readonly all = new Set<Socket>();
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async open(manners: Manners): Promise<HostileServer> {
    const server = createServer({ allowHalfOpen: true });
    const hostile = new HostileServer(server);
    server.on('connection', (socket) => hostile.serve(socket, manners));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return hostile;
  }

  get uri(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/image`;
  }

  /** Connections that the other side has not ended. */
  get open(): number {
    return this.sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.all) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(socket: Socket, manners: Manners): void {
    this.all.add(socket);
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('end', () => this.sockets.delete(socket));
    let head = '';
    const onData = (chunk: Buffer) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      // Kept flowing, so that the end of the other side is seen.
      socket.resume();
      this.heads.push(head);
      manners({ socket, head, nth: this.heads.length });
    };
    socket.on('data', onData);
  }
}

/** Writes the same again and again, as fast as it is taken. */
export function writeForEver(socket: Socket, chunk: Buffer): void {
  const go = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', go);
  go();
}

/** Writes one piece a span, for as long as there is somebody. */
export function drip(socket: Socket, chunk: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(chunk), everyMs);
  socket.on('close', () => clearInterval(timer));
}
