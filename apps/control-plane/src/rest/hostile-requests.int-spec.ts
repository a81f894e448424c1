// Anything in any text of any route, generated from the description of the surface: it is taken or refused with the field,
// never a 5xx, and no answer has a raw control character.
import type { OpenAPIObject } from '@nestjs/swagger';
import { isPlainText } from '@luofleet/platform/text';
import fc from 'fast-check';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { manifest } from '../testing/fleet.fixture';
import { hostileText, spoiled } from '../testing/hostile-texts';

let plane: ControlPlaneFixture;
let routes: Route[];

interface Route {
  readonly path: string;
  readonly method: string;
  readonly parameters: readonly { name: string; in: string }[];
  readonly hasBody: boolean;
}

beforeAll(async () => {
  plane = await createControlPlane();
  await plane.fleet.release('runtime-1.1.0');
  await plane.fleet.hosts(['host-1', 'host-2'], () => ({ zone: 'a' }));
  const { body } = await plane.ask<OpenAPIObject>('/api/openapi.json');
  routes = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Record<string, unknown>>)
      // A stream of events that is opened does not end.
      .filter(() => path !== '/api/v1/events/stream' && path.startsWith('/api/v1/'))
      .map(([method, operation]) => ({
        path,
        method: method.toUpperCase(),
        parameters: (operation['parameters'] ?? []) as Route['parameters'],
        hasBody: 'requestBody' in operation,
      })),
  );
});
afterAll(() => plane?.stop());

/** Text in a path or query: percent-encoded, some of it as bytes that are no UTF-8. */
const encoded = fc.oneof(
  hostileText.map((text) => encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'))),
  fc.constantFrom('%00', '%ff%fe', '%ed%a0%80', '%c0%80', '%25%30%30', '%'),
);

const VALUES = { host: 'host-1', rollout: 'none', state: 'online', limit: '3', order: 'asc' };

const cursor = fc
  .array(fc.oneof(hostileText, fc.constantFrom('0000-01-01T00:00:00.000Z', '-1', '99999999999')), {
    maxLength: 2,
  })
  .map((keys) => Buffer.from(JSON.stringify(keys)).toString('base64url'));

function requestTo({ path, parameters }: Route): fc.Arbitrary<string> {
  const inPath = parameters.filter((one) => one.in === 'path');
  const inQuery = parameters.filter((one) => one.in === 'query');
  return fc
    .record({
      path: fc.tuple(...inPath.map(() => fc.oneof(encoded, fc.constant('host-1')))),
      query: fc.tuple(
        ...inQuery.map(({ name }) =>
          fc.oneof(
            fc.constant(undefined),
            fc.constant((VALUES as Record<string, string>)[name]),
            name === 'cursor' ? cursor : encoded,
          ),
        ),
      ),
      more: fc.option(fc.tuple(encoded, encoded), { freq: 4 }),
    })
    .map((values) => {
      const filled = inPath.reduce(
        (url, { name }, index) => url.replace(`{${name}}`, String(values.path[index]) || '%20'),
        path,
      );
      const query = inQuery.flatMap(({ name }, index) =>
        values.query[index] === undefined ? [] : [`${name}=${String(values.query[index])}`],
      );
      return `${filled}?${[...query, ...(values.more ? [values.more.join('=')] : [])].join('&')}`;
    });
}

async function expectSound(url: string, answer: { status: number; text: string }): Promise<void> {
  expect({ url, status: answer.status, text: answer.status >= 500 ? answer.text : '' }).toEqual({
    ...{ url, status: expect.any(Number), text: '' },
  });
  expect(isPlainText(answer.text)).toBe(true);
}

it('takes or refuses anything in paths, queries and cursors', async () => {
  expect(routes.length).toBeGreaterThan(15);
  for (const route of routes)
    await fc.assert(
      fc.asyncProperty(requestTo(route), async (url) => {
        const body = route.hasBody ? {} : undefined;
        await expectSound(url, await plane.ask(url, { method: route.method, body }));
      }),
      { numRuns: 12 },
    );
}, 240_000);

const RELEASE = {
  ...{
    name: 'r',
    kind: 'kernel',
    version: '1',
    imageUri: 'file:///x',
    imageSha256: 'a'.repeat(64),
  },
  ...{ handlers: ['memfd-v1'], kernelCommandLine: 'quiet', initrdUri: 'file:///y' },
  ...{ initrdSha256: 'b'.repeat(64), luoAbi: 'v1', labels: { zone: 'a' } },
};

it('takes or refuses anything in bodies, and names the field', async () => {
  const bodies = [
    ['/api/v1/releases', RELEASE],
    ['/api/v1/rollouts?dryRun=true', manifest('to-1-1-0', { selector: 'zone=a' })],
  ] as const;
  await fc.assert(
    fc.asyncProperty(hostileText, async (text) => {
      for (const [url, value] of bodies)
        for (const { value: body } of spoiled(value, text)) {
          const answer = await plane.ask<{ errors?: unknown[] }>(url, { method: 'POST', body });
          await expectSound(url, answer);
          if (!isPlainText(text, 'many')) {
            expect({ text, body, status: answer.status }).toMatchObject({ status: 400 });
            expect(answer.body.errors).not.toEqual([]);
          }
        }
    }),
    { numRuns: 12 },
  );
}, 240_000);

it.each([
  ['a key twice', '{"apiVersion":"luofleet.dev/v1","apiVersion":"x"}', 'apiVersion'],
  ['a key twice, deep', '{"spec":{"selector":"zone=a","selector":""}}', 'spec.selector'],
  ['__proto__', '{"metadata":{"__proto__":{"name":"x"}}}', 'metadata.__proto__'],
  ['nesting', `{"spec":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'spec[0][0]'],
  ['a key twice, once escaped', '{"kind":"Rollout","k\\u0069nd":"Rollout"}', 'kind'],
  ['a key twice in a list', '{"spec":[{"a":1},{"b":1,"b":1}]}', 'spec[1].b'],
])(
  'refuses JSON with %s, in JSON and YAML bodies, and names the place',
  async (_what, body, path) => {
    for (const type of ['application/json', 'application/yaml']) {
      const answer = await plane.ask('/api/v1/rollouts', { method: 'POST', body, type });
      if (type === 'application/json' || body.length <= 32_768)
        expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
      expect(answer.status).toBe(400);
    }
  },
);

it.each([
  ['quoted and plain', "kind: Rollout\n'kind': Rollout", 'kind'],
  ['in flow style', 'spec: {selector: "", selector: a}', 'spec.selector'],
  ['as number and text', '1: a\n"1": b', '["1"]'],
  ['as a merge key', '<<: {a: 1}\n<<: {b: 1}', '["<<"]'],
  ['in what calls itself YAML 1.1', '%YAML 1.1\n---\nkind: a\nkind: b', 'kind'],
  ['with a key that is a list', '? [a]\n: 1', ''],
  ['over two documents', 'kind: a\n---\nkind: b', ''],
])('refuses a YAML body with a key twice %s', async (_what, body, path) => {
  for (const route of ['rollouts', 'releases', 'rollouts/none/skip']) {
    const url = `/api/v1/${route}`;
    const answer = await plane.ask(url, { method: 'POST', body, type: 'application/yaml' });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  }
});

it('refuses an idempotency key that is there twice', async () => {
  const body = JSON.stringify(manifest('two-keys', {}));
  const headers = [
    ...[
      ['content-type', 'application/json'],
      ['idempotency-key', 'a'],
      ['idempotency-key', 'b'],
    ],
  ] as [string, string][];
  const url = `${plane.baseUrl}/api/v1/rollouts`;
  expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(400);
});

it.each([
  ['deep', '['.repeat(30_000)],
  ['long', `a: ${'x'.repeat(500_000)}`],
  ['many keys', Array.from({ length: 3000 }, (_none, index) => `k${index}: 1`).join('\n')],
  ['a NUL', 'metadata: { name: "a\\0" }'],
])('refuses YAML that is %s', async (_what, body) => {
  const answer = await plane.ask('/api/v1/rollouts', { method: 'POST', body, type: 'text/yaml' });
  expect(answer.status).toBe(400);
});

it('refuses a NUL in an idempotency key that only HTTP lets through', async () => {
  const headers = { 'idempotency-key': 'a\u0080b' };
  const body = manifest('to-1-1-0', {});
  expect((await plane.ask('/api/v1/rollouts', { method: 'POST', body, headers })).status).toBe(400);
});
