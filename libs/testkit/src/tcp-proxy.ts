/** A TCP proxy on loopback in front of a service, for tests of what happens when the service can not be reached. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What becomes of what the service answers: whole, nothing, a byte now and then, or a part and then the end. */
export type Answers = 'whole' | 'none' | 'drips' | 'broken off';

const DRIP_EVERY_MS = 200;

export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private server: Server;
  private answers: Answers = 'whole';
  private readonly connections = new Set<{ answers: Answers }>();
  private passes: (bytes: Buffer) => boolean = () => true;

  private constructor(private readonly target: { readonly host: string; readonly port: number }) {
    this.server = this.create();
  }

  /** In front of a port of this machine, or of the host and port in an address. */
  static async to(target: number | string): Promise<TcpProxy> {
    const { hostname, port } =
      typeof target === 'number' ? { hostname: '127.0.0.1', port: target } : new URL(target);
    const proxy = new TcpProxy({ host: hostname, port: Number(port) });
    await proxy.listen(0);
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** How many connections there are. */
  get carries(): number {
    return this.connections.size;
  }

  /** The same address with this proxy's host and port. */
  inFrontOf(address: string): string {
    const url = new URL(address);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  /** Carries nothing any more and keeps connections open, as a host does that has lost its power. */
  freeze(): void {
    for (const socket of this.sockets) {
      socket.unpipe();
      socket.removeAllListeners('data');
      socket.pause();
    }
  }

  /**
   * How the service answers from now on. Connections on which it has answered otherwise than whole stay so, as they do
   * after a break that nobody was told of: only new ones are whole again.
   */
  answering(answers: Answers): void {
    this.answers = answers;
    for (const connection of this.connections)
      if (connection.answers === 'whole') connection.answers = answers;
  }

  /** Closes every connection and takes no new one. Returns the undo, which listens at the same port again. */
  async cut(): Promise<() => Promise<void>> {
    const { port } = this;
    await this.close();
    return async () => {
      this.server = this.create();
      await this.listen(port);
    };
  }

  /** Closes every connection; new ones are taken. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** From now on what a client sends goes on only where `passes` says so. */
  filter(passes: (bytes: Buffer) => boolean): void {
    this.passes = passes;
  }

  async close(): Promise<void> {
    this.drop();
    this.server.close();
    await once(this.server, 'close');
  }

  private create(): Server {
    return createServer((near) => {
      const far = connect(this.target.port, this.target.host);
      near.on('data', (bytes) => {
        if (this.passes(bytes)) far.write(bytes);
      });
      near.on('end', () => far.end());
      this.carryAnswers(far, near);
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.sockets.delete(socket);
          for (const other of [near, far]) other.destroy();
        });
      }
    });
  }

  private carryAnswers(far: Socket, near: Socket): void {
    const connection = { answers: this.answers };
    this.connections.add(connection);
    const kept: number[] = [];
    const drip = setInterval(() => {
      const byte = kept.shift();
      if (byte !== undefined) near.write(Uint8Array.of(byte));
    }, DRIP_EVERY_MS);
    near.on('close', () => {
      clearInterval(drip);
      this.connections.delete(connection);
    });
    far.on('end', () => near.end());
    far.on('data', (bytes) => {
      if (connection.answers === 'whole') near.write(bytes);
      else if (connection.answers === 'drips') kept.push(...bytes);
      else if (connection.answers === 'broken off')
        near.end(bytes.subarray(0, Math.ceil(bytes.length / 2)));
    });
  }

  private async listen(port: number): Promise<void> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }
}
