/**
 * Ctrl-C against the built CLI, in pipes and in a terminal, wherever it waits: it ends by itself, with 130, and the terminal
 * is as it was.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const PROGRAM = path.resolve(__dirname, '../../../dist/apps/cli/luofleet.cjs');
const ID = '9c5b94b1-35ad-49bb-b118-8e8fc24abf80';
const AT = '2026-01-01T00:00:00.000Z';
const hosts = { total: 2, byState: { running: 2 }, byPhase: {} };
const ROLLOUT = {
  ...{ id: ID, name: 'r', release: { id: ID, name: 'x', version: '1' }, selector: '', hosts },
  ...{ state: 'running', reason: null, createdAt: AT, startedAt: AT, finishedAt: null, version: 1 },
  blackoutMs: { count: 0, p50: null, p99: null, max: null },
  strategy: {
    ...{ waves: [], maxConcurrent: 1, maxFailures: 0, soakMs: 0, finishRetryMs: 1 },
    finishTriesMax: 1,
    phaseTimeoutsMs: Object.fromEntries(
      ['preflight', 'preserve', 'freeze', 'reboot', 'retrieve', 'finish', 'verify', 'rollback'].map(
        (phase) => [phase, 1],
      ),
    ),
  },
  waves: [{ index: 0, state: 'running', reason: null, hosts, startedAt: AT, finishedAt: null }],
  plan: { hostsTotal: 2, waves: [] },
  report: { headline: '', failuresLeft: 0, waitCounts: {}, waiting: [], waitingLeftOut: 0 },
};

type Answer = (url: string, response: ServerResponse) => void;
let answer: Answer;
/** Resolves when a request has come to where its answer ends. */
let waits: Promise<void>;
let arrived: () => void;

const server = createServer((request, response) => answer(request.url ?? '', response));
const children = new Set<ChildProcessWithoutNullStreams>();
let address: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  waits = new Promise((resolve) => (arrived = resolve));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  server.closeAllConnections();
});
afterAll(() => server.close());

const silent: Answer = () => arrived();
const half: Answer = (_url, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{"items":[');
  arrived();
};
const streams: Answer = (url, response) => {
  if (!url.startsWith('/api/v1/events/stream'))
    return void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(ROLLOUT));
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: 1\n\n');
  arrived();
};

function start(command: string, args: readonly string[]) {
  const child = spawn(command, args, { env: { ...process.env, LUOFLEET_SERVER: address } });
  children.add(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, output }));
  return { child, ended, output: () => output };
}

const WAITING: [string, string[], Answer][] = [
  ['a silent server', ['get', 'hosts'], silent],
  ['half an answer', ['describe', 'rollout', 'r'], half],
  ['the end of a rollout', ['watch', 'r'], streams],
  ['a server that does not take a manifest', ['apply', '-f', '-'], silent],
];
const MANIFEST =
  '{"apiVersion":"luofleet.dev/v1","kind":"Rollout","metadata":{"name":"r"},"spec":{"release":"x"}}';

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  it.each(WAITING)('ends waiting for %s with 130', async (_what, args, given) => {
    answer = given;
    const { child, ended } = start(process.execPath, [PROGRAM, ...args]);
    child.stdin.end(MANIFEST);
    await waits;
    child.kill(signal);
    const { code, output } = await ended;
    expect(code).toBe(130);
    expect(output).not.toMatch(/luofleet:|Error|at /);
  });
});

/** The shell says how the terminal is before and after, and stays when the terminal interrupts what runs in it. */
const inTerminal = (args: readonly string[]) =>
  `trap : INT; stty -g; ${process.execPath} ${PROGRAM} ${args.join(' ')}; echo "ended with $?"; stty -g`;

it.each(WAITING.slice(0, 3))(
  'Ctrl-C in a terminal ends waiting for %s, and leaves the terminal as it was',
  async (_what, args, given) => {
    answer = given;
    const { child, ended, output } = start('script', ['-qec', inTerminal(args), '/dev/null']);
    await waits;
    child.stdin.write('\u0003');
    const { output: shown } = await ended;
    expect(shown).toContain('ended with 130');
    const modes = output().match(/^[0-9a-f]+(:[0-9a-f]+){10,}\r?$/gm);
    expect(modes).toHaveLength(2);
    expect(modes?.[0]).toBe(modes?.[1]);
    // Whatever was switched on (no cursor, another screen, a colour) would stay: nothing is.
    expect(shown).not.toMatch(/\u001b\[\?|\u001b\[[0-9;]*m/);
    expect(shown).not.toMatch(/luofleet: |Error/);
  },
);
