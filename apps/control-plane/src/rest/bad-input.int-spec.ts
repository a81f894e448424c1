import { request as httpRequest } from 'node:http';
import { type Problem, problemSchema } from '@luofleet/contracts';
import {
  type AskOptions,
  type ControlPlaneFixture,
  createControlPlane,
} from '../testing/control-plane.fixture';
import { manifest } from '../testing/fleet.fixture';

let plane: ControlPlaneFixture;
let before: string;

beforeAll(async () => {
  plane = await createControlPlane();
  await plane.fleet.release('runtime-1.1.0');
  await plane.fleet.hosts(['host-1', 'host-2']);
  await plane.ask('/api/v1/rollouts', { method: 'POST', body: manifest('taken') });
  before = await recordOfTheFleet();
});

afterAll(() => plane?.stop());

/** Everything a refused request must leave as it is. */
async function recordOfTheFleet(): Promise<string> {
  const paths = ['rollouts', 'releases', 'hosts', 'summary', 'events', 'rollouts/taken/updates'];
  const answers = await Promise.all(paths.map((path) => plane.ask(`/api/v1/${path}`)));
  return JSON.stringify(answers.map(({ body }) => body));
}

const release = (fields: Record<string, unknown> = {}) => ({
  name: 'runtime-2.0.0',
  kind: 'runtime',
  version: '2.0.0',
  imageUri: 'file:///images/2.cjs',
  imageSha256: 'ab'.repeat(32),
  ...fields,
});

const post = (body: unknown, options: AskOptions = {}): AskOptions => ({
  method: 'POST',
  body,
  ...options,
});

interface Expectation {
  readonly status: number;
  readonly code: string;
  /** A path of one of the errors, and a part of its message. */
  readonly fault?: readonly [string, string];
  readonly detail?: string;
}

const ROLLOUTS = '/api/v1/rollouts';
const invalid = (...fault: [string, string]): Expectation => ({
  status: 400,
  code: 'INVALID_INPUT',
  fault,
});
const notFound = { status: 404, code: 'NOT_FOUND' };
const UNKNOWN_ID = '9c5b94b1-35ad-49bb-b118-8e8fc24abf80';
const strategy = (fields: Record<string, unknown>) => post(manifest('x', { strategy: fields }));

const CASES: ReadonlyArray<readonly [string, string, AskOptions, Expectation]> = [
  [
    'an unknown field',
    ROLLOUTS,
    post({ ...manifest('x'), extra: 1 }),
    invalid('extra', 'unknown field'),
  ],
  [
    'a misspelt strategy field',
    ROLLOUTS,
    strategy({ maxConcurent: 1 }),
    invalid('spec.strategy.maxConcurent', 'unknown field; known here: waves, maxConcurrent'),
  ],
  [
    'an unknown phase timeout',
    ROLLOUTS,
    strategy({ phaseTimeouts: { thaw: '1s' } }),
    invalid('spec.strategy.phaseTimeouts.thaw', 'unknown field'),
  ],
  ['no manifest at all', ROLLOUTS, post(undefined), invalid('', 'expected object')],
  ['null', ROLLOUTS, post('null'), invalid('', 'expected object')],
  ['a list', ROLLOUTS, post([]), invalid('', 'expected object')],
  ['a prototype key', ROLLOUTS, post('{"__proto__":{"a":1}}'), invalid('__proto__', 'no field')],
  [
    'another kind',
    ROLLOUTS,
    post({ ...manifest('x'), kind: 'Release' }),
    invalid('kind', 'Rollout'),
  ],
  [
    'another apiVersion',
    ROLLOUTS,
    post({ ...manifest('x'), apiVersion: 'luofleet.dev/v2' }),
    invalid('apiVersion', 'luofleet.dev/v1'),
  ],
  [
    'a name with capitals',
    ROLLOUTS,
    post(manifest('Upper')),
    invalid('metadata.name', 'lower-case'),
  ],
  ['a name like an id', ROLLOUTS, post(manifest(UNKNOWN_ID)), invalid('metadata.name', 'UUID')],
  [
    'an endless name',
    ROLLOUTS,
    post(manifest('x'.repeat(101))),
    invalid('metadata.name', 'at most'),
  ],
  ['a number for a name', ROLLOUTS, post(manifest(7 as never)), invalid('metadata.name', 'string')],
  [
    'a selector that ends early',
    ROLLOUTS,
    post(manifest('x', { selector: 'zone=a,role in (db' })),
    invalid('spec.selector', 'position 19'),
  ],
  [
    'a selector with a stray word',
    ROLLOUTS,
    post(manifest('x', { selector: "zone=a'; drop table hosts" })),
    invalid('spec.selector', 'position 7'),
  ],
  [
    'a selector that matches nothing',
    ROLLOUTS,
    post(manifest('x', { selector: 'zone=nowhere' })),
    invalid('spec.selector', 'no host matches'),
  ],
  [
    'a wave of 0 hosts',
    ROLLOUTS,
    strategy({ waves: [0] }),
    invalid('spec.strategy.waves[0]', 'wave size'),
  ],
  [
    'a wave of 101%',
    ROLLOUTS,
    strategy({ waves: [1, '101%'] }),
    invalid('spec.strategy.waves[1]', 'wave size'),
  ],
  [
    'more waves than anybody means',
    ROLLOUTS,
    strategy({ waves: Array.from({ length: 501 }, () => 1) }),
    invalid('spec.strategy.waves', 'at most 500'),
  ],
  [
    'no concurrency',
    ROLLOUTS,
    strategy({ maxConcurrent: 0 }),
    invalid('spec.strategy.maxConcurrent', '>=1'),
  ],
  [
    'half a failure',
    ROLLOUTS,
    strategy({ maxFailures: 0.5 }),
    invalid('spec.strategy.maxFailures', 'int'),
  ],
  [
    'a duration without a unit',
    ROLLOUTS,
    strategy({ soak: 30 }),
    invalid('spec.strategy.soak', 'unit'),
  ],
  ['a duration of days', ROLLOUTS, strategy({ soak: '2d' }), invalid('spec.strategy.soak', 'unit')],
  [
    'a release nobody registered',
    ROLLOUTS,
    post(manifest('x', { release: 'nothing' })),
    {
      ...notFound,
      fault: ['spec.release', 'not registered'],
      detail: 'luofleet release create nothing',
    },
  ],
  [
    'a name that is taken',
    ROLLOUTS,
    post(manifest('taken')),
    { status: 409, code: 'ALREADY_EXISTS', fault: ['metadata.name', 'taken'] },
  ],
  ['dryRun=yes', `${ROLLOUTS}?dryRun=yes`, post(manifest('x')), invalid('dryRun', 'true or false')],
  [
    'an unknown query parameter',
    `${ROLLOUTS}?force=true`,
    post(manifest('x')),
    invalid('force', 'unknown field'),
  ],
  [
    'an empty idempotency key',
    ROLLOUTS,
    post(manifest('x'), { headers: { 'idempotency-key': 'with space' } }),
    invalid('Idempotency-Key', 'visible ASCII'),
  ],
  [
    'broken JSON',
    ROLLOUTS,
    post('{"apiVersion":'),
    { ...invalid('', 'JSON'), detail: 'not valid JSON' },
  ],
  [
    'broken YAML',
    ROLLOUTS,
    post('metadata: {name: [}', { type: 'application/yaml' }),
    { status: 400, code: 'INVALID_INPUT', detail: 'line 1' },
  ],
  [
    'YAML that names a key twice',
    ROLLOUTS,
    post('kind: Rollout\nkind: Rollout\n', { type: 'application/yaml' }),
    { status: 400, code: 'INVALID_INPUT', detail: 'line 2' },
  ],
  [
    'a YAML bomb',
    ROLLOUTS,
    post(yamlBomb(), { type: 'application/yaml' }),
    { status: 400, code: 'INVALID_INPUT', detail: 'not valid YAML' },
  ],
  [
    'a form',
    ROLLOUTS,
    post('name=x', { type: 'application/x-www-form-urlencoded' }),
    { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
  ],
  [
    'XML',
    ROLLOUTS,
    post('<a/>', { type: 'application/xml' }),
    {
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
      detail: 'A body is application/json or application/yaml.',
    },
  ],
  [
    'a body over 1 MiB',
    ROLLOUTS,
    post(manifest('x', { selector: 'a'.repeat(1024 * 1024) })),
    { status: 413, code: 'TOO_LARGE' },
  ],
  [
    'an action that is none',
    `${ROLLOUTS}/taken/explode`,
    post(undefined),
    invalid('action', 'pause'),
  ],
  [
    'an action with a body',
    `${ROLLOUTS}/taken/pause`,
    post({ reason: 'x' }),
    invalid('reason', 'unknown field'),
  ],
  ['an action on nothing', `${ROLLOUTS}/nothing/pause`, post(undefined), notFound],
  ['a rollout by an unknown id', `${ROLLOUTS}/${UNKNOWN_ID}`, {}, notFound],
  ['a rollout by an unknown name', `${ROLLOUTS}/nothing`, {}, notFound],
  ['updates of nothing', `${ROLLOUTS}/nothing/updates`, {}, notFound],
  ['updates in no state', `${ROLLOUTS}/taken/updates?state=fine`, {}, invalid('state', 'pending')],
  ['an unknown host', '/api/v1/hosts/nothing', {}, notFound],
  ['sessions of an unknown host', '/api/v1/hosts/nothing/sessions', {}, notFound],
  ['an unknown release', '/api/v1/releases/nothing', {}, notFound],
  ['an unknown session', `/api/v1/sessions/${UNKNOWN_ID}`, {}, notFound],
  ['a session that is no id', '/api/v1/sessions/x', {}, notFound],
  ['files of an unknown rollout', '/api/v1/files?rollout=nothing', {}, notFound],
  ['files of a session that is no id', '/api/v1/files?session=x', {}, invalid('session', 'GUID')],
  ['files in no state', '/api/v1/files?state=lukewarm', {}, invalid('state', 'preserved')],
  ['a limit of 0', '/api/v1/hosts?limit=0', {}, invalid('limit', 'from 1 to 500')],
  ['a limit of 501', '/api/v1/hosts?limit=501', {}, invalid('limit', 'from 1 to 500')],
  ['a limit of many', '/api/v1/hosts?limit=many', {}, invalid('limit', 'whole number')],
  ['two limits', '/api/v1/hosts?limit=1&limit=2', {}, invalid('limit', 'whole number')],
  ['a forged cursor', '/api/v1/hosts?cursor=zzz', {}, invalid('cursor', 'not a cursor')],
  [
    'a cursor of another list',
    `/api/v1/rollouts?cursor=${Buffer.from('["host-1"]').toString('base64url')}`,
    {},
    invalid('cursor', 'not a cursor'),
  ],
  [
    'a bad selector in a query',
    '/api/v1/hosts?selector=zone%20in',
    {},
    invalid('selector', 'position 8'),
  ],
  ['events after a word', '/api/v1/events?after=now', {}, invalid('after', 'sequence')],
  [
    'the plan of a wave without a number',
    '/api/v1/rollouts/x/plan?wave=one',
    {},
    invalid('wave', 'index'),
  ],
  ['the plan of no rollout', '/api/v1/rollouts/nothing/plan', {}, notFound],
  ['events before a word', '/api/v1/events?before=now', {}, invalid('before', 'sequence')],
  ['events in no order', '/api/v1/events?order=up', {}, invalid('order', 'asc or desc')],
  ['events of an unknown host', '/api/v1/events?host=nothing', {}, notFound],
  ['a stream of an unknown rollout', '/api/v1/events/stream?rollout=nothing', {}, notFound],
  [
    'a stream resumed from a word',
    '/api/v1/events/stream',
    { headers: { 'last-event-id': 'x' } },
    invalid('Last-Event-ID', 'sequence'),
  ],
  ['a route that is not there', '/api/v1/rollout', {}, { ...notFound, detail: '/api/docs' }],
  ['a method that is not there', '/api/v1/hosts', { method: 'DELETE' }, notFound],
  [
    'a path that cannot be decoded',
    '/api/v1/hosts/%zz',
    {},
    { status: 400, code: 'INVALID_INPUT' },
  ],
  [
    'a release with an unknown field',
    '/api/v1/releases',
    post(release({ size: 1 })),
    invalid('size', 'unknown field'),
  ],
  [
    'a release with half a digest',
    '/api/v1/releases',
    post(release({ imageSha256: 'abc' })),
    invalid('imageSha256', '64'),
  ],
  [
    'a release at an ftp address',
    '/api/v1/releases',
    post(release({ imageUri: 'ftp://x/y' })),
    invalid('imageUri', 'http'),
  ],
  [
    'a runtime with an initrd',
    '/api/v1/releases',
    post(release({ initrdUri: 'file:///i', initrdSha256: 'ab'.repeat(32) })),
    invalid('initrdUri', 'kernel'),
  ],
  [
    'a kernel whose initrd has no digest',
    '/api/v1/releases',
    post(release({ kind: 'kernel', initrdUri: 'file:///i' })),
    invalid('initrdSha256', 'both'),
  ],
  [
    'a handler named twice',
    '/api/v1/releases',
    post(release({ handlers: ['a', 'a'] })),
    invalid('handlers', 'twice'),
  ],
  [
    'a bad label',
    '/api/v1/releases',
    post(release({ labels: { 'a b': 'c' } })),
    invalid('labels["a b"]', ''),
  ],
  [
    'a release whose name is taken',
    '/api/v1/releases',
    post(release({ name: 'runtime-1.1.0' })),
    { status: 409, code: 'ALREADY_EXISTS', fault: ['name', 'taken'] },
  ],
];

/** Nine levels of nine references each: some 400 million entries when resolved. */
function yamlBomb(): string {
  const levels = 'abcdefghi'.split('');
  return levels
    .map((level, index) => {
      const below = index === 0 ? '"x"' : `*${levels[index - 1]}`;
      return `${level}: &${level} [${Array(9).fill(below).join(',')}]`;
    })
    .join('\n');
}

it.each(CASES)('refuses %s and says what and where', async (_name, path, options, expected) => {
  const answer = await plane.ask<Problem>(path, options);
  expect({ status: answer.status, type: answer.type }).toEqual({
    status: expected.status,
    type: 'application/problem+json',
  });
  const problem = problemSchema.parse(answer.body);
  expect(problem).toMatchObject({ status: expected.status, code: expected.code });
  expect(problem.instance).toBe(path.split('?')[0]);
  if (expected.detail !== undefined) expect(problem.detail).toContain(expected.detail);
  if (expected.fault !== undefined) {
    const [where, what] = expected.fault;
    expect(problem.errors).toEqual(
      expect.arrayContaining([{ path: where, message: expect.stringContaining(what) }]),
    );
  }
});

it('reports every fault at once', async () => {
  const answer = await plane.ask<Problem>(ROLLOUTS, post({ kind: 'x', spec: { release: 1 } }));
  expect(answer.body.errors.map(({ path }) => path)).toEqual([
    'apiVersion',
    'kind',
    'metadata',
    'spec.release',
  ]);
});

it('refuses a body that only grows past the limit while it is sent', async () => {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  const status = await new Promise<number>((resolve, reject) => {
    const request = httpRequest(
      plane.baseUrl + ROLLOUTS,
      { method: 'POST', headers: { 'content-type': 'application/json' } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    // The server may close the connection while the rest is still being written.
    request.on('error', (error: NodeJS.ErrnoException) =>
      ['EPIPE', 'ECONNRESET'].includes(error.code ?? '') ? undefined : reject(error),
    );
    for (let sent = 0; sent < 24; sent += 1) request.write(chunk);
    request.end();
  });
  expect(status).toBe(413);
});

it('has changed nothing', async () => {
  expect(await recordOfTheFleet()).toBe(before);
});

it('says nothing of the inside when something breaks', async () => {
  const broken = await createControlPlane();
  try {
    await broken.fleet.database.read('break the record', 'fixture', (client) =>
      client.$executeRawUnsafe('ALTER TABLE hosts RENAME COLUMN labels TO gone'),
    );
    const answer = await broken.ask<Problem>('/api/v1/hosts');
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({ code: 'INTERNAL', errors: [] });
    expect(answer.text).not.toMatch(/labels|select|prisma|stack|\.ts/i);
  } finally {
    await broken.stop();
  }
});
