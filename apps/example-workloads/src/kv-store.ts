// Example workload: a key-value store over HTTP whose data lives in a memfd.
//
//   PUT /KEY (body is the value), GET /KEY, DELETE /KEY, GET /hash: sha256 of the whole content
//   POST /hold with a sentence, DELETE /hold: refuse finish of a live update, and no longer
//
// Happy path: fresh, it makes memory file and listening socket and offers both; with LISTEN_FDS it goes on with the ones
// it got; where only the memory file came through (Linux can preserve nothing else) it listens anew. PORT is the port, HOST
// the address (127.0.0.1).
// Unhappy paths: while quiesced nothing is accepted and nothing changes: new connections wait in the backlog, requests on
// open ones wait for `resume`; at `stop` they get 503 with Retry-After, and the successor takes the rest. VETO=1 in the
// environment makes it refuse to quiesce, for tests.
// Ordering: quiesce answers once no request is being carried out.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describeThrown } from '@luofleet/platform/text';
import { receivedDescriptors } from './client/listen-fds';
import { ListeningSocket } from './client/listening-socket';
import { serveWorkload } from './client/serve-workload';
import { WorkloadClient } from './client/workload-client';
import { LogFullError, MemfdLog } from './kv/memfd-log';

const VALUE_BYTES_MAX = 16 * 2 ** 20;
const STORE_TOKEN = 1n;
const SOCKET_TOKEN = 2n;

interface Waiting {
  request: IncomingMessage;
  response: ServerResponse;
}

class KvStore {
  private quiesced = false;
  private waiting: Waiting[] = [];
  private readonly connections = new Set<Socket>();
  /** Connections with a request that has no answer yet. */
  private readonly busy = new Set<Socket>();
  private readonly http = createServer((request, response) => this.take({ request, response }));
  private readonly holds = new WorkloadClient([], {
    quiesce,
    resume: quiesce,
    stop: quiesce,
    check: quiesce,
  });

  private constructor(
    private readonly log: MemfdLog,
    readonly listener: ListeningSocket,
  ) {}

  static async open(port: number): Promise<KvStore> {
    const received = receivedDescriptors();
    const [logFd, socketFd] = [received.get('store'), received.get('http')];
    const log = logFd === undefined ? MemfdLog.create() : MemfdLog.adopt(logFd);
    let store: KvStore | null = null;
    const onConnection = (socket: Socket) => store?.connected(socket);
    const listener =
      socketFd === undefined
        ? await ListeningSocket.bind(port, onConnection)
        : ListeningSocket.adopt(socketFd, onConnection);
    store = new KvStore(log, listener);
    await listener.accept();
    return store;
  }

  get storeFd(): number {
    return this.log.fd;
  }

  quiesce(): void {
    if (process.env.VETO === '1') throw new Error('a backup is running');
    this.quiesced = true;
    this.listener.pause();
    // Their clients connect again, and then wait in the backlog for whoever serves next.
    for (const socket of this.connections) if (!this.busy.has(socket)) socket.end();
  }

  /** The undo of `quiesce`. Another instance may have served in between, so the content is read again. */
  async resume(): Promise<void> {
    if (!this.quiesced) return;
    this.log.load();
    this.quiesced = false;
    await this.listener.accept();
    for (const one of this.waiting.splice(0)) this.take(one);
  }

  async stop(): Promise<void> {
    this.listener.pause();
    await Promise.all(
      this.waiting.splice(0).map(
        ({ response }) =>
          new Promise<void>((resolve) => {
            response.writeHead(503, { 'retry-after': '0', connection: 'close' });
            response.end('this instance was replaced\n', resolve);
          }),
      ),
    );
  }

  private connected(socket: Socket): void {
    this.connections.add(socket);
    socket.once('close', () => this.connections.delete(socket));
    this.http.emit('connection', socket);
  }

  private take(one: Waiting): void {
    const { socket } = one.request;
    this.busy.add(socket);
    one.response.once('close', () => {
      this.busy.delete(socket);
      if (this.quiesced) socket.end();
    });
    if (this.quiesced) {
      this.waiting.push(one);
      return;
    }
    this.serve(one).catch((error: unknown) => {
      const full = error instanceof LogFullError;
      one.response.writeHead(full ? 507 : 500).end(`${describeThrown(error)}\n`);
    });
  }

  private async serve(one: Waiting): Promise<void> {
    const { request, response } = one;
    const key = decodeURIComponent((request.url ?? '/').slice(1).split('?')[0] ?? '');
    const body = await readBody(request);
    // Reading the body took time; the world may be quiesced by now.
    if (this.quiesced) {
      this.waiting.push({ request: replay(request, body), response });
      return;
    }
    if (body === null) return void response.writeHead(413).end('the value is too large\n');
    if (key === 'hold') return this.hold(request, response, body.toString('utf8').trim());
    if (request.method === 'GET' && key === 'hash')
      return void response.end(`${this.log.hash()}\n`);
    if (key === '') return void response.writeHead(404).end('name a key\n');
    if (request.method === 'PUT') {
      this.log.put(key, body);
      return void response.writeHead(204).end();
    }
    if (request.method === 'DELETE') {
      return void response.writeHead(this.log.delete(key) ? 204 : 404).end();
    }
    if (request.method !== 'GET') return void response.writeHead(405).end();
    const value = this.log.get(key);
    if (value === undefined) return void response.writeHead(404).end('no such key\n');
    response.end(value);
  }

  private async hold(request: IncomingMessage, response: ServerResponse, reason: string) {
    if (request.method === 'DELETE') await this.holds.releaseFinish();
    else await this.holds.holdFinish(reason || 'held by an operator');
    response.writeHead(204).end();
  }
}

const quiesce = () => Promise.resolve();

/** A request whose body was already read. */
const bodies = new WeakMap<IncomingMessage, Buffer | null>();

function replay(request: IncomingMessage, body: Buffer | null): IncomingMessage {
  bodies.set(request, body);
  return request;
}

/** Null when it is larger than VALUE_BYTES_MAX. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const read = bodies.get(request);
  if (read !== undefined) return read;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes <= VALUE_BYTES_MAX) chunks.push(chunk);
  }
  return sizeBytes <= VALUE_BYTES_MAX ? Buffer.concat(chunks) : null;
}

async function main(): Promise<void> {
  const store = await KvStore.open(Number(process.env.PORT ?? 0));
  await serveWorkload(
    [
      { token: STORE_TOKEN, fd: store.storeFd, name: 'store' },
      { token: SOCKET_TOKEN, fd: store.listener.fd, name: 'http', optional: true },
    ],
    {
      quiesce: async () => store.quiesce(),
      resume: () => store.resume(),
      stop: () => store.stop(),
      check: () => Promise.resolve(),
    },
  );
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
