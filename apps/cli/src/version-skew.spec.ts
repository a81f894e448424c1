import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runProgram } from './testing/fake-terminal';
import { ScriptedServer, sendJson, sendProblem, type SeenRequest } from './testing/scripted-server';

/** Answers as the first control plane gave them, never to be changed: whatever came later is not in them. */
const ID = '9c5b94b1-35ad-49bb-b118-8e8fc24abf80';
const AT = '2026-01-01T00:09:50.000Z';
const counts = { total: 2, byState: { succeeded: 1, cancelled: 1 }, byPhase: {} };
const host = {
  ...{ id: ID, name: 'host-1', state: 'online', backend: 'engine', labels: { zone: 'a' } },
  ...{ failureDomain: 'rack-1', runningVersion: '1.0.0', runningSha256: '', kernelRelease: '6' },
  ...{ agentVersion: '1.0.0', bootId: 'b', incarnationId: 'i', handlers: ['memfd-v1'] },
  ...{ workloads: [{ name: 'kv', state: 'serving', detail: 'd', pid: 7 }], generation: 1 },
  update: { id: ID, rolloutId: ID, rolloutName: 'r', state: 'succeeded', phase: null },
  ...{ lastSeenAt: AT, registeredAt: AT, version: 1 },
};
const release = {
  ...{ id: ID, name: 'runtime-1.1.0', kind: 'runtime', version: '1.1.0' },
  ...{ imageUri: 'file:///agent.cjs', imageSha256: 'a'.repeat(64), handlers: [], labels: {} },
  ...{ kernelCommandLine: '', initrdUri: '', initrdSha256: '', luoAbi: '', createdAt: AT },
};
const summary = {
  ...{ id: ID, name: 'r', release: { id: ID, name: 'runtime-1.1.0', version: '1.1.0' } },
  ...{ selector: '', state: 'succeeded', reason: null, hosts: counts, version: 1 },
  blackoutMs: { count: 1, p50: 40, p99: 40, max: 40 },
  ...{ createdAt: AT, startedAt: AT, finishedAt: AT },
};
const PHASES = ['preflight', 'preserve', 'freeze', 'reboot', 'retrieve', 'finish', 'verify'];
const strategy = {
  ...{ waves: [1], maxConcurrent: 1, maxFailures: 0, soakMs: 0, finishRetryMs: 2000 },
  finishTriesMax: 3,
  phaseTimeoutsMs: Object.fromEntries([...PHASES, 'rollback'].map((phase) => [phase, 1000])),
};
const plan = {
  hostsTotal: 2,
  waves: [{ index: 0, hostsTotal: 2, hosts: [{ id: ID, name: 'host-1' }] }],
};
const rollout = {
  ...{ ...summary, strategy, plan },
  waves: [
    {
      ...{ index: 0, state: 'succeeded', reason: null, hosts: counts },
      ...{ startedAt: AT, finishedAt: AT },
    },
  ],
  report: {
    ...{ headline: 'done', failuresLeft: 0, waitCounts: { HOST_OFFLINE: 1 }, waitingLeftOut: 0 },
    waiting: [
      {
        ...{ subject: 'host-update', id: ID, name: 'host-1', until: null },
        reason: { code: 'HOST_OFFLINE', detail: 'is offline' },
      },
    ],
  },
};
const preview = { dryRun: true, name: 'r', release: summary.release, selector: '', strategy, plan };
const update = {
  ...{ id: ID, rolloutId: ID, rolloutName: 'r', hostId: ID, hostName: 'host-1', waveIndex: 0 },
  ...{ position: 0, state: 'succeeded', phase: null, reason: null, attempt: 1, finishTries: 0 },
  ...{ generation: 1, deadlineAt: null, retryAt: null, abortRequested: false, version: 1 },
  ...{ fromVersion: '1.0.0', toVersion: '1.1.0', frozenAt: null, resumedAt: null },
  ...{ blackoutMs: 40, startedAt: AT, finishedAt: AT },
};
const file = {
  ...{ sessionId: ID, sessionName: 'kv', hostId: ID, hostName: 'host-1', rolloutId: ID },
  ...{ token: '0x1', name: 'store', compatible: 'memfd-v1', dataHandle: '0x2' },
  ...{ state: 'retrieved', sizeBytes: 3, reason: null, updatedAt: AT },
};
const session = {
  ...{ id: ID, name: 'kv', workload: 'kv', hostId: ID, hostName: 'host-1', rolloutId: ID },
  ...{ rolloutName: 'r', hostUpdateId: ID, attempt: 1, state: 'finished', filesTotal: 1 },
  ...{ createdAt: AT, updatedAt: AT },
};
const event = {
  ...{ sequence: 1, at: AT, kind: 'rollout-applied', rolloutId: ID, hostId: null },
  ...{ hostUpdateId: null, reasonCode: '', message: 'applied', data: {} },
};
const page = (item: unknown) => ({ items: [item], nextCursor: null });
const ANSWERS: Record<string, unknown> = {
  '/hosts': page(host),
  '/hosts/n': host,
  '/hosts/n/sessions': page({ ...session, files: [file] }),
  '/releases': page(release),
  '/releases/n': release,
  '/rollouts': page(summary),
  '/rollouts/n': rollout,
  '/rollouts/n/updates': page(update),
  '/sessions': page(session),
  '/sessions/n': { ...session, files: [file] },
  '/files': page(file),
  '/events': { items: [event], nextAfter: 1, nextBefore: null },
  '/rollouts/n/pause': rollout,
  'POST /rollouts': rollout,
  'POST /rollouts?dryRun=true': preview,
  'POST /releases': release,
};

/** What maps from words to one kind of thing may say of a word that is new. */
const ADDED: Record<string, unknown> = {
  ...{ labels: 'x', byState: 1, byPhase: 1, waitCounts: 1, phaseTimeoutsMs: 1 },
};

/** The same from a control plane of tomorrow: more fields everywhere, and other words for states. */
function ofTomorrow(value: unknown, field = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => ofTomorrow(item));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, each]) => [
    name,
    name === 'state' ? 'dreaming' : ofTomorrow(each, name),
  ]);
  const tomorrow = ADDED[field] ?? { is: 'another day' };
  return { ...Object.fromEntries(fields), tomorrow };
}

const server = new ScriptedServer();
const folder = mkdtempSync(path.join(tmpdir(), 'luofleet-skew-'));
const image = path.join(folder, 'agent.cjs');
let address: string;

beforeAll(async () => {
  writeFileSync(image, '1;');
  address = await server.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function answerOf({ method, url }: SeenRequest): unknown {
  const { pathname, search } = new URL(url, address);
  const place = pathname.slice('/api/v1'.length);
  return ANSWERS[method === 'GET' ? place : `POST ${place}${search}`] ?? ANSWERS[place];
}

const MANIFEST =
  '{"apiVersion":"luofleet.dev/v1","kind":"Rollout","metadata":{"name":"r"},"spec":{"release":"x"}}';
const run = (args: readonly string[]) =>
  runProgram(['--server', address, ...args], { stdin: MANIFEST });
const COMMANDS = [
  ...['hosts', 'releases', 'rollouts', 'sessions', 'files', 'events'].map((kind) => ['get', kind]),
  ...['host', 'release', 'rollout', 'session', 'updates'].map((kind) => ['get', kind, 'n']),
  ...['host', 'release', 'rollout', 'session'].map((kind) => ['describe', kind, 'n']),
  ['get', 'events', '--limit', '1'],
  ['apply', '-f', '-'],
  ['apply', '-f', '-', '--dry-run'],
  ['pause', 'n'],
  ['release', 'create', 'n', '--version', '1', '--image', image],
  ['watch', 'n'],
];

describe.each([['table'], ['json']])('as %s', (output) => {
  it.each(COMMANDS.map((args) => [args.join(' ').replace(image, 'IMAGE'), args]))(
    '%s serves with the first control plane',
    async (_words, args) => {
      server.answer = (request, response) => sendJson(response, answerOf(request));
      expect(await run([...args, '-o', output])).toMatchObject({
        exitCode: 0,
        stderr: expect.not.stringContaining('luofleet:'),
      });
    },
  );

  it.each(COMMANDS.slice(0, -1).map((args) => [args.join(' ').replace(image, 'IMAGE'), args]))(
    '%s serves with a control plane of tomorrow',
    async (_words, args) => {
      server.answer = (request, response) => sendJson(response, ofTomorrow(answerOf(request)));
      const ran = await run([...args, '-o', output]);
      expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
      if (output === 'json') expect(ran.stdout).toContain('another day');
    },
  );
});

it('a release is registered where sizes are unknown fields, and refused where more is', async () => {
  const faults = [{ path: 'imageSizeBytes', message: 'unknown field; known here: name' }];
  server.answer = ({ body }, response) =>
    body.includes('imageSizeBytes')
      ? sendProblem(response, 400, 'INVALID_INPUT', faults)
      : sendJson(response, release, 201);
  const create = ['release', 'create', 'n', '--version', '1', '--image', image];
  expect(await run(create)).toMatchObject({ exitCode: 0, stderr: '' });
  faults.push({ path: 'luoAbi', message: 'unknown field' });
  expect((await run(create)).stderr).toContain('luoAbi: unknown field');
});

it.each(
  Object.entries(ANSWERS)
    .filter(([place]) => /^\/\w+\/n$/.test(place))
    .flatMap(([place, answer]) =>
      ['id', 'name', 'state', 'version']
        .filter((name) => name in (answer as object))
        .map((name) => [place, name] as const),
    ),
)('an answer to %s without "%s" is no control plane\'s', async (place, name) => {
  const { [name]: _left, ...rest } = ANSWERS[place] as Record<string, unknown>;
  server.answer = (_request, response) => sendJson(response, rest);
  const ran = await run(['get', place.split('/')[1] ?? '', 'n']);
  expect(ran).toMatchObject({ exitCode: 3, stdout: '' });
  expect(ran.stderr).toContain(`${name}: `);
});
