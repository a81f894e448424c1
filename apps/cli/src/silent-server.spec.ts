import type { ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { runProgram } from './testing/fake-terminal';
import { event, page, rollout } from './testing/fleet.fixtures';
import { ScriptedServer, sendJson } from './testing/scripted-server';

// A test that waits for more than its bound fails by this.
jest.setTimeout(60_000);

const server = new ScriptedServer();
let address: string;
const dripping = new Set<NodeJS.Timeout>();

beforeAll(async () => {
  address = await server.start();
});

afterEach(() => {
  dripping.forEach(clearInterval);
  dripping.clear();
});

afterAll(() => server.stop());

function drip(response: ServerResponse, text: string): void {
  response.flushHeaders();
  dripping.add(setInterval(() => response.write(text), 20));
}

const ALL: string[][] = [
  ['get', 'hosts'],
  ['get', 'host', 'h'],
  ['get', 'updates', 'r'],
  ['get', 'events'],
  ['get', 'events', '--limit', '3'],
  ['describe', 'rollout', 'r'],
  ['describe', 'host', 'h'],
  ['pause', 'r'],
  ['watch', 'r'],
  ['apply', '-f', '-'],
  ['apply', '-f', '-', '--dry-run'],
];
const MANIFEST =
  '{"apiVersion":"luofleet.dev/v1","kind":"Rollout","metadata":{"name":"r"},"spec":{"release":"x"}}';
/** For servers that never end: each test takes as long. What ends by itself gets the time that it needs. */
const SHORT = '100ms';
const run = (args: string[], timeout = '1m') =>
  runProgram(['--server', address, '--timeout', timeout, ...args], { stdin: MANIFEST });

type Answer = (response: ServerResponse) => void;

describe.each<[string, Answer, RegExp]>([
  ['never answers', () => undefined, /has not answered within 100ms/],
  [
    'drips its headers',
    (response) => drip(raw(response), 'x-a: b\r\n'),
    /has not answered|cannot reach/,
  ],
  ['drips its answer', (response) => drip(response, ' '), /has not answered within 100ms/],
  [
    'stops within its answer',
    (response) => void response.writeHead(200, { 'content-length': '100' }).write('{"items":'),
    /has not answered within 100ms/,
  ],
  ['never ends its answer', (response) => endless(response), /sends more than|has not answered/],
])('a server that %s', (_name, answer, text) => endsAll(answer, text, SHORT));

it('a server that never ends its answer is given up by its size, too', async () => {
  server.answer = (_request, response) => endless(response);
  expect((await run(['get', 'hosts'])).stderr).toContain('sends more than 67108864 bytes');
});

describe.each<[string, Answer, RegExp]>([
  [
    'resets the connection',
    (response) => void response.socket?.resetAndDestroy(),
    /cannot reach .*ECONNRESET|cannot reach/,
  ],
  [
    'resets within its answer',
    (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => response.socket?.resetAndDestroy());
    },
    /cannot reach/,
  ],
  [
    'closes within its answer',
    (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => response.socket?.end());
    },
    /cannot reach/,
  ],
  [
    'sends HTML',
    (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    /is not a Luofleet control plane \(HTTP 200, text\/html\)/,
  ],
  [
    'is a gateway without what is behind it',
    (response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<html>'),
    /HTTP 502/,
  ],
  [
    'sends elsewhere',
    (response) => void response.writeHead(302, { location: '/login' }).end(),
    /HTTP 302 to \/login/,
  ],
  [
    'sends nothing',
    (response) => void response.writeHead(200).end(),
    /is not a Luofleet control plane/,
  ],
  ['sends null', (response) => sendJson(response, null), /no control plane/],
  [
    'sends another shape',
    (response) => sendJson(response, { items: [{}], nextAfter: 'x' }),
    /no control plane/,
  ],
  ['sends no HTTP', (response) => void raw(response).socket?.end('hello\r\n'), /cannot reach/],
])('a server that %s', (_name, answer, text) => endsAll(answer, text, '1m'));

function endsAll(answer: Answer, text: RegExp, timeout: string): void {
  it.each(ALL.map((args) => [args.join(' '), args] as const))(
    'ends %s with 3',
    async (_words, args) => {
      server.answer = (_request, response) => answer(response);
      const ran = await run(args, timeout);
      expect(ran).toMatchObject({ exitCode: 3, stdout: '' });
      expect(ran.stderr).toMatch(text);
      expect(ran.stderr).toMatch(/--server|version/);
    },
  );
}

/** The response with its headers begun, so that what is written next is taken as more of them. */
function raw(response: ServerResponse): ServerResponse {
  response.socket?.write('HTTP/1.1 200 OK\r\n');
  response.write = (text: string) => response.socket?.write(text) ?? false;
  response.flushHeaders = () => undefined;
  return response;
}

function endless(response: ServerResponse): void {
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  const more = () => {
    while (!response.destroyed && response.write(chunk));
    response.once('drain', more);
  };
  more();
}

describe('a list that never ends', () => {
  it('of pages that name themselves as the next one', async () => {
    server.answer = (_request, response) => sendJson(response, { items: [], nextCursor: 'again' });
    expect(await run(['get', 'hosts'])).toMatchObject({ exitCode: 3, stdout: '' });
  });

  it.each([
    ['onwards', ['get', 'events'], { nextAfter: 0, nextBefore: null }],
    ['backwards', ['get', 'events', '--limit', '3000'], { nextAfter: 0, nextBefore: 9 }],
  ])('of events, %s', async (_name, args, place) => {
    const items = Array.from({ length: 500 }, () => event(9));
    server.answer = (_request, response) => sendJson(response, { items, cursor: 'c', ...place });
    const ran = await run(args);
    expect(ran.exitCode).toBe(3);
    expect(ran.stderr).toContain('never ends');
  });
});

it('a machine that takes no connection ends with 3', async () => {
  const sockets = new Set<Socket>();
  const mute = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  const { port } = mute.address() as AddressInfo;
  const ran = await runProgram([
    ...['--server', `http://127.0.0.1:${port}`, '--timeout', SHORT, 'get', 'hosts'],
  ]);
  expect(ran.exitCode).toBe(3);
  expect(ran.stderr).toContain('has not answered within 100ms');
  sockets.forEach((socket) => socket.destroy());
  await new Promise((resolve) => mute.close(resolve));
});

describe('an event stream', () => {
  const streams = (answer: (response: ServerResponse, count: number) => void, end = Infinity) => {
    let count = 0;
    server.answer = ({ url }, response) => {
      if (!url.startsWith('/api/v1/events/stream'))
        return sendJson(response, rollout(count > end ? 'succeeded' : 'running'));
      count += 1;
      return answer(response, count);
    };
    return () => count;
  };
  const watch = (streamSilenceMs = 300) =>
    runProgram(['--server', address, 'watch', 'r'], {
      patience: { streamSilenceMs, reconnectPauseMs: 1 },
    });
  const start = (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' });

  it.each<[string, (response: ServerResponse) => void]>([
    ['never answers', () => undefined],
    ['never sends', (response) => start(response).flushHeaders()],
    ['drips without an end', (response) => drip(start(response), 'x')],
    ['sends a frame without an end', (response) => endless(start(response))],
    ['sends no JSON', (response) => void start(response).write('data: {\n\n')],
    ['sends no event', (response) => void start(response).write('data: []\n\n')],
    [
      'sends HTML',
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('x'),
    ],
    ['ends at once', (response) => void start(response).end()],
    ['resets', (response) => void response.socket?.resetAndDestroy()],
  ])('that %s is opened again, and given up with 3', async (_name, answer) => {
    const opened = streams(answer);
    const ran = await watch(100);
    expect(ran.exitCode).toBe(3);
    expect(ran.stderr).toContain('trying again (1 left)');
    expect(opened()).toBe(11);
  });

  it('that falls silent is opened again, and what comes then is seen', async () => {
    streams((response, count) => {
      start(response).write(`id: ${count}\n\n`);
      if (count === 2) response.write(`id: 3\ndata: ${JSON.stringify(event(3))}\n\n`);
    }, 2);
    const ran = await watch();
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain('has not answered within 300ms; trying again');
    expect(ran.stderr).toContain('moved');
  });

  it('is followed from its newest event on when the record is another one', async () => {
    streams((response, count) => {
      if (count === 2) {
        const problem = {
          type: 't',
          title: 't',
          status: 410,
          detail: 'old',
          code: 'CURSOR_EXPIRED',
        };
        return sendJson(response, { ...problem, instance: 'i', errors: [] }, 410);
      }
      return void start(response).end('id: 7.1\n\n');
    }, 2);
    const ran = await watch();
    expect(ran.exitCode).toBe(0);
    const afters = server.seen
      .filter(({ url }) => url.includes('/events/stream'))
      .slice(-3)
      .map(({ url }) => new URL(url, address).searchParams.get('after'));
    expect(afters).toEqual([null, '7.1', null]);
  });
});

it.each([...ALL, ['apply', '-f', '-']].map((args) => [args.join(' '), args] as const))(
  'Ctrl-C ends %s, whatever the server does',
  async (_words, args) => {
    const interrupt = new AbortController();
    server.answer = (_request, response) => {
      drip(response, ' ');
      interrupt.abort();
    };
    const ran = await runProgram(['--server', address, ...args], {
      stdin: MANIFEST,
      signal: interrupt.signal,
    });
    expect(ran).toMatchObject({ exitCode: 130, stdout: '', stderr: '' });
  },
);

it('says which address it tried, who gave it, and how to give another', async () => {
  const gone = new ScriptedServer();
  const nowhere = await gone.start();
  await gone.stop();
  const byOption = await runProgram(['--server', nowhere, 'get', 'hosts']);
  expect(byOption.stderr).toContain(`cannot reach the control plane at ${nowhere} (ECONNREFUSED)`);
  expect(byOption.stderr).toContain('That address is from --server.');
  expect(byOption.stderr).toContain('export LUOFLEET_SERVER=http://ADDRESS:PORT');
  process.env.LUOFLEET_SERVER = nowhere;
  try {
    const byEnvironment = await runProgram(['get', 'hosts']);
    expect(byEnvironment.stderr).toContain('That address is from LUOFLEET_SERVER.');
  } finally {
    delete process.env.LUOFLEET_SERVER;
  }
});

it.each(['0s', '5', '-1s', '25h', 'soon', ''])('takes no time-out of "%s"', async (timeout) => {
  const ran = await runProgram(['--server', address, '--timeout', timeout, 'get', 'hosts']);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain('duration with a unit');
});

it('waits as long as it is told', async () => {
  server.answer = (_request, response) => void setTimeout(() => sendJson(response, page([])), 400);
  const ran = await runProgram(['--server', address, '--timeout', '1m', 'get', 'hosts']);
  expect(ran.exitCode).toBe(0);
});
