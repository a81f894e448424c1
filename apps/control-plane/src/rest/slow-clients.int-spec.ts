// Clients that send by drips, take by drips, or do neither: each is cut off by its bound, and others are answered meanwhile.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { within } from '@luofleet/platform';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { rawRequest } from '../testing/raw-http';
import { CONNECTIONS_MAX, REQUESTS_MAX } from '../http-kit/connection-limits';

/** Since all of them came. A stream of events is cut at the first batch that is not taken in time, not before. */
const BY_MS = 240_000;
const DRIP_MS = 500;
const FILE_BYTES = 64 * 2 ** 20;

/** A client, and its connection as the server has it. */
interface SlowClient {
  readonly socket: Socket;
  readonly atServer: Socket;
  readonly cut: Promise<unknown>;
}
type Behaviour = (socket: Socket) => void;

let plane: ControlPlaneFixture;
let server: Server;
let dashboard: string;
let cameAt: number;
const clients = new Map<string, SlowClient>();

const asks = (target: string, headers = {}): string =>
  rawRequest('GET', target, { connection: 'keep-alive', ...headers }).toString();

/** Sends `drip` again and again. */
const sending =
  (first: string, drip: string): Behaviour =>
  (socket) => {
    socket.write(first);
    socket.resume();
    const timer = setInterval(() => socket.write(drip), DRIP_MS);
    socket.on('close', () => clearInterval(timer));
  };
/** Takes nothing of what comes. */
const deaf =
  (request: string): Behaviour =>
  (socket) =>
    socket.pause().write(request);
/** Takes a little of what comes, again and again. */
const sipping =
  (request: string): Behaviour =>
  (socket) => {
    socket.pause().write(request);
    const timer = setInterval(() => {
      socket.once('data', () => socket.pause());
      socket.resume();
    }, DRIP_MS);
    socket.on('close', () => clearInterval(timer));
  };

const POST = 'POST /api/v1/rollouts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
const STREAM = asks('/api/v1/events/stream?after=0');
const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  'sends nothing': (socket) => void socket.resume(),
  'sends headers by drips': sending('GET /healthz HTTP/1.1\r\nhost: x\r\n', 'x-drip: drip\r\n'),
  'sends one header by drips': sending('GET /healthz HTTP/1.1\r\nhost: x\r\nx-drip: ', 'd'),
  'sends a body by drips': sending(`${POST}content-length: 100000\r\n\r\n`, ' '),
  'sends chunks by drips': sending(`${POST}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
  'asks nothing more': (socket) => void socket.resume().write(asks('/healthz')),
  'sends empty lines after an answer': sending(asks('/healthz'), '\r\n'),
  'takes nothing of a file': deaf(asks('/assets/large.js')),
  'takes a file by drips': sipping(asks('/assets/large.js')),
  'takes nothing of many answers': deaf(asks('/api/openapi.json').repeat(1000)),
  'takes many answers by drips': sipping(asks('/api/openapi.json').repeat(1000)),
  'takes no events': deaf(STREAM),
  'takes events by drips': sipping(STREAM),
};

/** However it ends. */
const closing = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
const closesSoon = (socket: Socket) =>
  within(30_000, closing(socket), () => new Error('the connection is still open after 30 s'));

async function slowClient(behaviour: Behaviour): Promise<SlowClient> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const socket = connect(plane.running.httpPort, '127.0.0.1');
  socket.on('error', () => undefined);
  const [atServer] = await accepted;
  const cut = closing(atServer);
  behaviour(socket);
  return { socket, atServer, cut };
}

beforeAll(async () => {
  dashboard = mkdtempSync(path.join(tmpdir(), 'dashboard-'));
  mkdirSync(path.join(dashboard, 'assets'));
  writeFileSync(path.join(dashboard, 'index.html'), '<!doctype html>');
  writeFileSync(path.join(dashboard, 'assets', 'large.js'), Buffer.alloc(FILE_BYTES, ' '));
  plane = await createControlPlane({ DASHBOARD_DIR: dashboard });
  server = plane.running.app.getHttpServer() as Server;
  // More than the kernel takes for a client that reads nothing.
  const data = { name: 'x'.repeat(20_000) };
  for (let batch = 0; batch < 8; batch += 1)
    await plane.fleet.database.transaction('record events', 'test', async (unit) => {
      for (let index = 0; index < 200; index += 1)
        unit.record({ kind: 'rollout-warned', message: 'large', data });
    });
  cameAt = performance.now();
  for (const [name, behaviour] of Object.entries(BEHAVIOURS))
    clients.set(name, await slowClient(behaviour));
});
afterAll(async () => {
  for (const { socket } of clients.values()) socket.destroy();
  await plane?.stop();
  rmSync(dashboard, { recursive: true, force: true });
});

it('answers others meanwhile', async () => {
  for (const target of ['/healthz', '/api/v1/hosts', '/api/v1/events?limit=1', '/'])
    expect({ target, status: (await plane.ask(target)).status }).toEqual({ target, status: 200 });
});

it.each(Object.keys(BEHAVIOURS))(
  'cuts off a client that %s',
  async (name) => {
    const client = clients.get(name);
    const left = Math.max(0, BY_MS - (performance.now() - cameAt));
    const late = () => new Error(`is still there ${BY_MS} ms after it came`);
    expect(client).toBeDefined();
    await within(left, client?.cut ?? Promise.resolve(), late);
  },
  2 * BY_MS,
);

it('answers so many requests of one connection, tells of it, and takes no more', async () => {
  const socket = connect(plane.running.httpPort, '127.0.0.1').on('error', () => undefined);
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += String(chunk);
    if (text.endsWith('}')) socket.write(asks('/healthz'));
  });
  socket.write(asks('/healthz'));
  await closesSoon(socket);
  expect(text.match(/HTTP\/1\.1 200 /g)).toHaveLength(REQUESTS_MAX);
  expect(text.match(/^connection: close/gim)).toHaveLength(1);
  const ahead = connect(plane.running.httpPort, '127.0.0.1').on('error', () => undefined);
  ahead.resume().write(asks('/healthz').repeat(10 * REQUESTS_MAX));
  await closesSoon(ahead);
});

it('closes connections beyond the limit at once, until others have ended', async () => {
  const { httpPort } = plane.running;
  const open = () =>
    new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
  const held: Socket[] = [];
  while ((await open()) !== CONNECTIONS_MAX) {
    const accepted = once(server, 'connection');
    held.push(connect(httpPort, '127.0.0.1').on('error', () => undefined));
    await accepted;
  }
  const beyond = connect(httpPort, '127.0.0.1').on('error', () => undefined);
  let told = '';
  beyond.on('data', (chunk: Buffer) => (told += String(chunk)));
  await closesSoon(beyond);
  // One that was let in is told that its request did not come in time.
  expect(told).toBe('');
  const closed = held.map((socket) => closesSoon(socket.resume()));
  for (const socket of held) socket.end();
  await Promise.all(closed);
  expect((await plane.ask('/healthz')).status).toBe(200);
});
