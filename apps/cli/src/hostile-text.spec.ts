import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { runProgram, type RunOptions } from './testing/fake-terminal';
import {
  event,
  file,
  host,
  page,
  release,
  rollout,
  session,
  update,
  wave,
} from './testing/fleet.fixtures';
import { ScriptedServer, sendJson } from './testing/scripted-server';

/** One of each kind of harm, with a word on both sides so that it can be seen that nothing else is lost. */
const HARM = [
  ...['\u0000', '\u0007', '\b', '\t', '\n', '\r', '\u001b[31m', '\u001b]0;x\u0007', '\u007f'],
  ...['\u0085', '\u009b2J', '\u00ad', '\u061c', '\u200b', '\u200c', '\u200d', '\u200e', '\u200f'],
  ...['\u2028', '\u2029', '\u202a', '\u202e', '\u2060', '\u2066', '\u2069', '\ufeff', '\ufff9'],
  ...['\u{e0001}', '\u{e0041}', '\ud800', '\udc00'],
].join('x');
const RAW = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const server = new ScriptedServer();
let address: string;
let folder: string;

beforeAll(async () => {
  address = await server.start();
  folder = mkdtempSync(path.join(tmpdir(), 'luofleet-cli-'));
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The same value with harm in every text, keys of open records included. */
function hostile(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return key === 'nextCursor' ? value : `${value}${HARM}`;
  if (Array.isArray(value)) return value.map((one) => hostile(one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      ['labels', 'data', 'waitCounts'].includes(key) ? `${name}${HARM}` : name,
      hostile(one, name),
    ]),
  );
}

const reason = { code: 'C', detail: 'd', subject: 's', errnoCode: 'ENOMEM' };
const troubled = rollout('paused', {
  reason,
  hosts: { total: 2, byState: { failed: 1, pending: 1 }, byPhase: {} },
  waves: [wave(0, { reason })],
  report: {
    ...{ headline: 'h', failuresLeft: 0, waitCounts: { C: 1 }, waitingLeftOut: 0 },
    waiting: (['rollout', 'wave', 'host-update'] as const).map((subject) => ({
      ...{ subject, id: 'i', name: 'n', reason, until: null },
    })),
  },
});
const current = { id: 'i', rolloutId: 'i', rolloutName: 'r', state: 'failed', phase: 'freeze' };

/** Every command that shows something, what the server answers, and whether that is a list. */
const ANSWERS: Record<string, [args: string[], answer: unknown]> = {
  'get hosts': [['get', 'hosts'], page([{ ...host('h'), update: current }])],
  'get host': [['get', 'hosts', 'h'], { ...host('h'), update: current }],
  'get releases': [['get', 'releases'], page([release({ labels: { a: 'b' } })])],
  'get rollouts': [['get', 'rollouts'], page([troubled])],
  'get updates': [['get', 'updates', 'r'], page([update('h', { state: 'failed', reason })])],
  'get sessions': [['get', 'sessions'], page([session()])],
  'get files': [['get', 'files'], page([file({ reason })])],
  'get events': [
    ['get', 'events'],
    { items: [event(1, { data: { a: 'b' } })], nextAfter: 1, nextBefore: null, cursor: 'c' },
  ],
  'describe host': [['describe', 'host', 'h'], { ...host('h'), ...page([session()]) }],
  'describe release': [['describe', 'release', 'h'], release({ labels: { a: 'b' } })],
  'describe rollout': [
    ['describe', 'rollout', 'r'],
    { ...troubled, ...page([update('h', { state: 'failed', phase: 'freeze', reason })]) },
  ],
  'describe session': [['describe', 'session', 's'], session({ files: [file({ reason })] })],
  pause: [['pause', 'r'], troubled],
  apply: [['apply', '-f', '-'], troubled],
  'apply --dry-run': [['apply', '-f', '-', '--dry-run'], { ...troubled, dryRun: true }],
  decommission: [['decommission', 'host', 'h', '--yes'], host('h')],
  recommission: [['recommission', 'host', 'h'], host('h')],
  watch: [['watch', 'r'], troubled],
};

const GOOD =
  'apiVersion: luofleet.dev/v1\nkind: Rollout\nmetadata: {name: r}\nspec: {release: x}\n';
const tty = { columns: 100, rows: 20 };

describe.each(Object.entries(ANSWERS))('%s with harm in every text', (_name, [args, answer]) => {
  // A rollout that is watched has to end.
  const state = args[0] === 'watch' ? { state: 'paused' } : {};
  const sent = { ...(hostile(answer) as object), ...state };
  beforeEach(() => {
    server.answer = (_request, response) => sendJson(response, sent);
  });

  it.each<[string, RunOptions]>([
    ['a pipe', {}],
    ['a terminal', { tty }],
  ])('reaches %s as visible escapes', async (_where, options) => {
    const ran = await runProgram(['--server', address, ...args], { stdin: GOOD, ...options });
    expect(ran.exitCode).toBe(args[0] === 'watch' ? 1 : 0);
    const shown = `${ran.stdout}${withoutOwnControls(ran.stderr)}`;
    for (const line of shown.split('\n')) expect(RAW.exec(line)).toBeNull();
    expect(shown).toContain('x\\u0007x');
  });

  it('keeps its meaning as JSON and YAML, without one raw character', async () => {
    for (const [format, read] of [
      ['json', (text: string): unknown => JSON.parse(text)],
      ['yaml', (text: string): unknown => parse(text)],
    ] as const) {
      const ran = await runProgram(['--server', address, '-o', format, ...args], { stdin: GOOD });
      for (const line of ran.stdout.split('\n')) expect(RAW.exec(line)).toBeNull();
      const { items, ...whole } = read(ran.stdout) as { items?: unknown };
      const wanted = sent as { items?: unknown };
      if (args[0] === 'get' && 'items' in wanted) expect(items).toEqual(wanted.items);
      else expect(whole).toEqual(expect.objectContaining(withoutItems(wanted)));
    }
  });
});

const withoutItems = ({ items: _, nextCursor: _cursor, ...rest }: Record<string, unknown>) => rest;

/** The only sequences that the program itself writes: the cursor goes up, and what is below it is erased. */
const withoutOwnControls = (text: string): string =>
  text.replaceAll(/(\u001b\[\d+A)?\r\u001b\[J/g, '');

describe('messages', () => {
  const nothingRaw = (text: string) => {
    for (const line of text.split('\n')) expect(RAW.exec(line)).toBeNull();
  };

  it('of the control plane', async () => {
    server.answer = (_request, response) =>
      sendJson(
        response,
        {
          ...{ type: 't', title: 't', status: 409, detail: HARM, code: HARM, instance: 'i' },
          errors: [{ path: HARM, message: HARM }],
        },
        409,
      );
    const ran = await runProgram(['--server', address, 'pause', 'r']);
    expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
    nothingRaw(ran.stderr);
    expect(ran.stderr.split('\n')).toHaveLength(3);
  });

  it.each([
    ['a command', ['x\u001b[31m\u0007']],
    ['an option', ['get', 'hosts', '--x\u001b[31m']],
    ['a kind', ['get', HARM.replaceAll('\n', '')]],
    ['an address', ['--server', 'x\u001b[31m\u202e', 'get', 'hosts']],
    ['an output format', ['-o', '\u009b2J', 'get', 'hosts']],
    ['a file name', ['apply', '-f', '/x\u001b[31m\u202e']],
    ['an image', ['release', 'create', 'r', '--version', '1', '--image', '/x\u001b[31m']],
    [
      'a label',
      ['release', 'create', 'r', '--version', '1', '--image', __filename, '--label', '\u001b'],
    ],
  ])('about %s', async (_name, args) => {
    const ran = await runProgram(args.includes('--server') ? args : ['--server', address, ...args]);
    expect(ran.exitCode).toBe(2);
    nothingRaw(ran.stderr);
    expect(ran.stderr).toMatch(/\\u00(1b|9b)/);
  });

  it('about a manifest', async () => {
    const manifest = path.join(folder, 'x.yaml');
    writeFileSync(manifest, 'kind: "a\\e[31mb"\n');
    const unknown = await runProgram(['--server', address, 'apply', '-f', manifest]);
    nothingRaw(unknown.stderr);
    expect(unknown.stderr).toContain('kind: "a\\u001b[31mb" can not be applied');
    writeFileSync(manifest, `${GOOD}"k\\e[31m\\u202E\\u2028": 1\n`);
    const field = await runProgram(['--server', address, 'apply', '-f', manifest]);
    expect(field.exitCode).toBe(2);
    nothingRaw(field.stderr);
  });

  it('of events that are watched', async () => {
    let reads = 0;
    server.answer = ({ url }, response) => {
      if (!url.startsWith('/api/v1/events/stream'))
        return sendJson(response, {
          ...(hostile(rollout('running')) as object),
          state: ++reads > 1 ? 'succeeded' : 'running',
        });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`id: 1\ndata: ${JSON.stringify(hostile(event(1, { reasonCode: 'C' })))}\n\n`);
    };
    for (const options of [{}, { tty }]) {
      reads = 0;
      const ran = await runProgram(['--server', address, 'watch', 'r'], options);
      nothingRaw(withoutOwnControls(ran.stderr));
      expect(ran.stderr).toContain('moved\\u0000x\\u0007x');
    }
  });
});
