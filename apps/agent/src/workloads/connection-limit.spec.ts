// The workload socket with peers that never end what they begin, and never read what they asked for.
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { WorkloadSocket } from '../testing/workload-socket';
import { ConnectionLimit } from './connection-limit';

jest.setTimeout(30_000);

let server: WorkloadSocket;
const sockets: Socket[] = [];
let child: ChildProcess | undefined;

beforeEach(async () => {
  server = new WorkloadSocket();
  await server.open();
  expect((await server.register()).status).toBe(200);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  child?.kill('SIGKILL');
  server.close();
});

async function say(text: string): Promise<Socket> {
  const socket = connect(server.path);
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

const closed = (socket: Socket) => {
  socket.resume();
  return once(socket, 'close');
};

/** A workload as it should be: it registers, listens, and answers. */
async function behavesWell(): Promise<void> {
  expect((await server.register()).status).toBe(200);
  const stream = await say('GET /v1/workloads/kv/instructions HTTP/1.1\r\nhost: a\r\n\r\n');
  const answer = server.instance.instruct('check');
  let heard = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    heard += String(chunk);
    const [, id] = /"id":(\d+)/.exec(heard) ?? [];
    if (id === undefined) continue;
    await server.ask('POST', `/v1/workloads/kv/instructions/${id}`, { ok: true });
    break;
  }
  expect(await answer).toMatchObject({ ok: true });
}

it('gives up on requests that do not come to their end', async () => {
  const post = 'POST /v1/workloads/kv/finish-hold HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n';
  const [silent, half, dripping] = await Promise.all([say(''), say(post), say(`${post}\r\n{`)]);
  const drip = setInterval(() => dripping.write(' '), 200);
  await behavesWell();
  await Promise.all([silent, half, dripping].map(closed));
  clearInterval(drip);
  await behavesWell();
});

it('lets a process that opens connections without end lose its own', async () => {
  const listening = await say('GET /v1/workloads/kv/instructions HTTP/1.1\r\nhost: a\r\n\r\n');
  const idle = await say('GET /v1/status HTTP/1.1\r\nhost: a\r\n\r\n');
  await Promise.all([once(listening, 'data'), once(idle, 'data')]);
  const script = `
    let open = 0, gone = 0;
    const told = () => open === 400 && process.stdout.write(gone + '\\n');
    for (let n = 0; n < 400; n += 1) {
      const socket = require('node:net').connect(process.argv[1], () => {
        socket.write('GET /v1/status HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n');
        open += 1;
        told();
      });
      socket.on('error', () => undefined).on('close', () => { gone += 1; told(); }).resume();
    }`;
  child = spawn(process.execPath, ['-e', script, server.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  await new Promise<void>((resolve) =>
    lines.on('line', (gone) => Number(gone) >= 100 && resolve()),
  );
  expect([listening.destroyed, idle.destroyed]).toEqual([false, false]);
  const answered = once(idle, 'data');
  idle.write('GET /v1/status HTTP/1.1\r\nhost: a\r\n\r\n');
  expect(String(await answered)).toMatch(/^HTTP\/1.1 200/);
  const instructed = once(listening, 'data');
  const heard = new AbortController();
  void server.instance.instruct('check', heard.signal);
  expect(String(await instructed)).toContain('check');
  heard.abort();
  await behavesWell();
});

it('ends a stream that nobody reads, and goes on with the next one', async () => {
  const deaf = await say('GET /v1/workloads/kv/instructions HTTP/1.1\r\nhost: a\r\n\r\n');
  while (!server.instance.isListening) await delay(5);
  for (let n = 0; server.instance.isListening && n < 50_000; n += 1) {
    const controller = new AbortController();
    const answer = server.instance.instruct('check', controller.signal);
    controller.abort();
    await answer;
    if (n % 100 === 0) await turn();
  }
  await turn();
  expect(server.instance.isListening).toBe(false);
  await closed(deaf);
  await behavesWell();
});

it('answers others however many workloads listen', () => {
  const limit = new ConnectionLimit();
  const opened = (count: number) =>
    Array.from({ length: count }, () => {
      const socket = Object.assign(new EventEmitter(), { _handle: null, destroy: jest.fn() });
      limit.add(socket as unknown as Socket);
      return socket;
    });
  const listening = Array.from({ length: 300 }, () => {
    const [socket] = opened(1);
    limit.keep(socket as unknown as Socket);
    return socket!;
  });
  const idle = opened(256);
  expect([...listening, ...idle].filter(({ destroy }) => destroy.mock.calls.length > 0)).toEqual(
    [],
  );
  opened(1);
  expect(idle[0]!.destroy).toHaveBeenCalledTimes(1);
});
