import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EventResponse, RolloutStateName } from '@luofleet/contracts';
import { runProgram } from './testing/fake-terminal';
import { event, host, release, rollout } from './testing/fleet.fixtures';
import { ScriptedServer, sendJson, sendProblem } from './testing/scripted-server';

const server = new ScriptedServer();
let address: string;
let folder: string;

beforeAll(async () => {
  address = await server.start();
  folder = mkdtempSync(path.join(tmpdir(), 'luofleet-cli-'));
});

beforeEach(() => {
  server.seen.length = 0;
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (args: string[], stdin?: string) =>
  runProgram(['--server', address, ...args], stdin === undefined ? {} : { stdin });

const MANIFEST = `apiVersion: luofleet.dev/v1
kind: Rollout
metadata: { name: r }
spec:
  release: runtime-1.1.0
  strategy:
    soak: 30
    waves: [1, 0]
    maxConcurent: 5
`;

describe('exit codes', () => {
  it.each<[string, string[], number, string]>([
    ['no command', [], 2, 'Usage'],
    ['an unknown command', ['explode'], 2, 'unknown command'],
    ['an unknown option', ['get', 'hosts', '--fast'], 2, 'unknown option'],
    ['an unknown output format', ['get', 'hosts', '-o', 'xml'], 2, 'Allowed choices'],
    ['an unknown kind', ['get', 'pods'], 2, 'no kind of thing'],
    ['an option of another kind', ['get', 'hosts', '--after', '1'], 2, '--after'],
    ['a limit that is no number', ['get', 'hosts', '--limit', 'x'], 2, 'whole number'],
    ['no file', ['apply'], 2, '--filename'],
    ['a file that is not there', ['apply', '-f', '/nothing.yaml'], 2, 'ENOENT'],
    ['updates of no rollout', ['get', 'updates'], 2, 'of which rollout'],
  ])('2 for %s', async (_name, args, exitCode, text) => {
    const ran = await run(args);
    expect(ran.exitCode).toBe(exitCode);
    expect(ran.stderr).toContain(text);
    expect(server.seen).toEqual([]);
  });

  it('2 for an address that is none', async () => {
    const ran = await runProgram(['--server', 'host:1', 'get', 'hosts']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('"host:1" (from --server) is not an http:// or https:// address');
  });

  it('0 for help', async () => {
    const ran = await run(['--help']);
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ran.stdout).toContain('LUOFLEET_SERVER');
  });

  it('0 for the version', async () => {
    expect(await run(['version'])).toEqual({ exitCode: 0, stdout: '1.2.3\n', stderr: '' });
  });

  it('3 when nothing answers, and says what to do', async () => {
    const gone = new ScriptedServer();
    const nowhere = await gone.start();
    await gone.stop();
    const ran = await runProgram(['--server', nowhere, 'get', 'hosts']);
    expect(ran.exitCode).toBe(3);
    expect(ran.stderr).toMatch(/cannot reach .*ECONNREFUSED.*--server/);
  });

  it('3 when something else answers', async () => {
    server.answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    const ran = await run(['get', 'hosts']);
    expect(ran.exitCode).toBe(3);
    expect(ran.stderr).toContain('not a Luofleet control plane');
  });

  it.each([
    [404, 'NOT_FOUND', 1],
    [409, 'INVALID_TRANSITION', 1],
    [400, 'INVALID_INPUT', 2],
    [503, 'UNAVAILABLE', 3],
    [401, 'UNAUTHENTICATED', 4],
    [403, 'FORBIDDEN', 4],
    [403, 'A_CODE_OF_TOMORROW', 4],
    [500, 'INTERNAL', 1],
  ])('of HTTP %s %s is %s', async (status, code, exitCode) => {
    server.answer = (_request, response) =>
      sendProblem(response, status, code, [{ path: 'spec.x', message: 'is wrong' }]);
    const ran = await run(['pause', 'r']);
    expect(ran).toMatchObject({ exitCode, stdout: '' });
    expect(ran.stderr).toBe(`luofleet: it is ${code} [${code}]\n  spec.x: is wrong\n`);
  });
});

describe('apply', () => {
  it('says line and column of every fault and sends nothing', async () => {
    const file = path.join(folder, 'bad.yaml');
    writeFileSync(file, MANIFEST);
    const ran = await run(['apply', '-f', file]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr.split('\n').slice(1, -1)).toEqual([
      expect.stringContaining(`${file}:8:16: spec.strategy.waves[1]: a wave size`),
      expect.stringContaining(`${file}:7:11: spec.strategy.soak: a duration`),
      expect.stringContaining(`${file}:9:19: spec.strategy.maxConcurent: unknown field`),
    ]);
    expect(server.seen).toEqual([]);
  });

  it('says where YAML is broken', async () => {
    const ran = await run(['apply', '-f', '-'], 'a: {b: [}\n');
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('standard input:1:9');
  });

  const GOOD = JSON.stringify({
    apiVersion: 'luofleet.dev/v1',
    kind: 'Rollout',
    metadata: { name: 'r' },
    spec: { release: 'runtime-1.1.0' },
  });

  it('sends standard input once more with the same key when the connection breaks', async () => {
    server.answer = (_request, response) => {
      if (server.seen.length === 1) response.destroy();
      else sendJson(response, rollout('planned'), 201);
    };
    const ran = await run(['apply', '-f', '-'], GOOD);
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ran.stdout).toContain('wave 1: 2 hosts: host-1 and 1 more');
    const keys = server.seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    expect(JSON.parse(server.seen[1]?.body ?? '')).toEqual(JSON.parse(GOOD));
  });

  it('shows the plan of a dry run', async () => {
    server.answer = (_request, response) =>
      sendJson(response, { ...rollout('planned'), dryRun: true });
    const ran = await run(['apply', '-f', '-', '--dry-run'], GOOD);
    expect(server.seen[0]?.url).toBe('/api/v1/rollouts?dryRun=true');
    expect(ran.stdout).toContain('nothing is stored');
  });
});

describe('get', () => {
  const eventPage = (items: readonly EventResponse[]) => ({
    items,
    nextAfter: Math.max(0, ...items.map(({ sequence }) => sequence)),
    nextBefore: null,
    cursor: '0.0',
  });

  it('pages through everything, and stops at the limit', async () => {
    server.answer = ({ url }, response) => {
      const query = new URL(url, address).searchParams;
      const cursor = Number(query.get('cursor') ?? 0);
      const size = Math.min(2, Number(query.get('limit')));
      const items = ['host-1', 'host-2', 'host-3', 'host-4', 'host-5'].slice(cursor, cursor + size);
      const next = cursor + size;
      sendJson(response, {
        items: items.map((name) => host(name)),
        nextCursor: next < 5 ? String(next) : null,
      });
    };
    const all = await run(['get', 'hosts', '-o', 'json', '-l', 'zone=a']);
    const { items } = JSON.parse(all.stdout) as { items: { name: string }[] };
    expect(items.map(({ name }) => name)).toEqual([
      'host-1',
      'host-2',
      'host-3',
      'host-4',
      'host-5',
    ]);
    expect(server.seen.every(({ url }) => url.includes('selector=zone%3Da'))).toBe(true);
    const some = await run(['list', 'host', '--limit', '3', '-o', 'yaml']);
    expect(some.stdout.match(/name: host-/g)).toHaveLength(3);
  });

  it('writes a table without frames', async () => {
    server.answer = (_request, response) =>
      sendJson(response, { items: [host('host-1')], nextCursor: null });
    const ran = await run(['get', 'hosts']);
    expect(ran.stdout).toBe(
      'NAME    STATE   BACKEND  RUNNING  UPDATE  FAILURE DOMAIN  LABELS  SEEN\n' +
        'host-1  online  engine   1.0.0    -       rack-1          zone=a  10s\n',
    );
  });

  it('pages through events by sequence', async () => {
    server.answer = ({ url }, response) => {
      const query = new URL(url, address).searchParams;
      const after = Number(query.get('after'));
      const limit = Number(query.get('limit'));
      const items = Array.from({ length: Math.min(limit, 700 - after) }, (_, index) =>
        event(after + index + 1),
      );
      sendJson(response, eventPage(items));
    };
    const ran = await run(['get', 'events', 'r', '-o', 'json']);
    expect((JSON.parse(ran.stdout) as { items: unknown[] }).items).toHaveLength(700);
    expect(server.seen.map(({ url }) => url)).toEqual([
      '/api/v1/events?rollout=r&after=0&limit=500',
      '/api/v1/events?rollout=r&after=500&limit=500',
    ]);
  });

  it('shows the newest events when there is a limit, oldest of them first', async () => {
    server.answer = ({ url }, response) => {
      const query = new URL(url, address).searchParams;
      const newest = Number(query.get('before') ?? 701) - 1;
      const items = Array.from({ length: Number(query.get('limit')) }, (_, index) =>
        event(newest - index),
      );
      sendJson(response, { ...eventPage(items), nextBefore: items.at(-1)?.sequence ?? null });
    };
    const ran = await run(['get', 'events', '--limit', '600', '-o', 'json']);
    const { items } = JSON.parse(ran.stdout) as { items: { sequence: number }[] };
    expect([items.length, items[0]?.sequence, items.at(-1)?.sequence]).toEqual([600, 101, 700]);
    expect(server.seen.map(({ url }) => url)).toEqual([
      '/api/v1/events?order=desc&limit=500',
      '/api/v1/events?order=desc&before=201&limit=100',
    ]);
  });
});

describe('release create', () => {
  it('computes the digest of a local image', async () => {
    const image = path.join(folder, 'agent.cjs');
    writeFileSync(image, 'void 0;');
    server.answer = ({ body }, response) =>
      sendJson(response, { ...release(), ...(JSON.parse(body) as object) }, 201);
    const ran = await run([
      ...['release', 'create', 'runtime-1.1.0', '--version', '1.1.0', '--image', image],
      ...['--handler', 'memfd-v1', '--handler', 'socket-v1', '--label', 'a=b'],
    ]);
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      name: 'runtime-1.1.0',
      kind: 'runtime',
      version: '1.1.0',
      imageUri: `file://${image}`,
      imageSha256: createHash('sha256').update('void 0;').digest('hex'),
      imageSizeBytes: 7,
      handlers: ['memfd-v1', 'socket-v1'],
      labels: { a: 'b' },
    });
  });

  it.each([
    ['README.md', '# Luofleet\n\nLive updates over a fleet.\n'],
    ['package.json', '{ "name": "luofleet" }'],
    ['a kernel', '\u007fELF\u0002\u0001\u0001\u0000'],
    ['nothing', ' \n'],
  ])('takes no runtime image that is %s', async (_name, text) => {
    const image = path.join(folder, 'image');
    writeFileSync(image, text);
    const ran = await run(['release', 'create', 'r', '--version', '1', '--image', image]);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain(`${image} is no runtime image`);
    expect(server.seen).toEqual([]);
  });

  it.each<[string, string[], string]>([
    ['an image that is not there', ['--image', '/nothing'], 'ENOENT'],
    ['an image that never ends', ['--image', '/dev/zero'], 'not a regular file'],
    ['a folder as an image', ['--image', '/'], 'not a regular file'],
    ['a remote image without a digest', ['--image', 'https://x/y'], '--sha256'],
    ['another digest than the image has', ['--image', __filename, '--sha256', 'ab'], 'not ab'],
    ['a label without a value', ['--image', __filename, '--label', 'x'], 'key=value'],
    ['a runtime with a command line', ['--image', __filename, '--command-line', 'x'], 'kernel'],
  ])('refuses %s', async (_name, args, text) => {
    const ran = await run(['release', 'create', 'r', '--version', '1', ...args]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain(text);
    expect(server.seen).toEqual([]);
  });
});

describe('watch', () => {
  const states = (...sequence: ReturnType<typeof rollout>[]) => {
    let reads = 0;
    server.answer = ({ url }, response) => {
      if (!url.startsWith('/api/v1/events/stream'))
        return sendJson(response, sequence[Math.min(reads++, sequence.length - 1)]);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        `retry: 1\nid: 6\n\n: heartbeat\n\nid: 7\ndata: ${JSON.stringify(event(7))}\n\n`,
      );
    };
  };

  it('ends with 0 when the rollout succeeded, with plain lines on stderr', async () => {
    states(rollout('running'), rollout('running'), rollout('succeeded'));
    const ran = await run(['watch', 'r']);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toContain('rollout r succeeded: 2 succeeded of 2 hosts; blackout p50 40ms');
    expect(ran.stderr).toContain('rollout r running: 2 succeeded');
    expect(ran.stderr).toContain('host-update-running moved');
  });

  it.each<[RolloutStateName, string]>([
    ['failed', 'HOSTS_NOT_UPDATED'],
    ['aborted', 'ABORT_REQUESTED'],
    ['paused', 'FAILURE_BUDGET_SPENT'],
  ])('ends with 1 when the rollout is %s, and says why', async (state, code) => {
    states(rollout('running'), rollout(state, { reason: { code, detail: 'because' } }));
    const ran = await run(['watch', 'r']);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain(`rollout r is ${state} (${code}: because)`);
  });

  it('opens a broken stream again after the last event it has seen', async () => {
    let streams = 0;
    let reads = 0;
    server.answer = ({ url }, response) => {
      if (!url.startsWith('/api/v1/events/stream'))
        return sendJson(response, rollout(++reads > 2 ? 'succeeded' : 'running'));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      streams += 1;
      if (streams === 1) response.end('retry: 1\nid: 41\n\n');
      else response.write('id: 41\n\n');
    };
    const ran = await run(['watch', 'r']);
    expect(ran.exitCode).toBe(0);
    const opened = server.seen.filter(({ url }) => url.includes('/events/stream'));
    expect(opened.map(({ url }) => new URL(url, address).searchParams.get('after'))).toEqual([
      null,
      '41',
    ]);
  });
});
