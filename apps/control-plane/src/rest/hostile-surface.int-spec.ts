// Anything in any parameter, header and field of any route, one by one as openapi.json has them, over a raw socket: it is
// taken or refused, never a 5xx, and no answer has a raw control character.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { OpenAPIObject } from '@nestjs/swagger';
import { isPlainText } from '@luofleet/platform/text';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { manifest } from '../testing/fleet.fixture';
import { HOSTILE_TEXTS, spoiled } from '../testing/hostile-texts';
import { rawRequest, sendRaw } from '../testing/raw-http';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
}
interface Operation {
  readonly parameters?: readonly { name: string; in: 'path' | 'query' | 'header' }[];
  readonly requestBody?: { content: Record<string, { schema: Schema }> };
}

interface Route {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

let plane: ControlPlaneFixture;
let document: OpenAPIObject;
let routes: Route[];
let dashboard: string;

beforeAll(async () => {
  dashboard = mkdtempSync(path.join(tmpdir(), 'dashboard-'));
  mkdirSync(path.join(dashboard, 'assets'));
  writeFileSync(path.join(dashboard, 'index.html'), '<!doctype html>');
  plane = await createControlPlane({ DASHBOARD_DIR: dashboard });
  await plane.fleet.release('runtime-1.1.0');
  await plane.fleet.hosts(['known'], () => ({ zone: 'a' }));
  await plane.ask('/api/v1/rollouts', { method: 'POST', body: manifest('known') });
  document = (await plane.ask<OpenAPIObject>('/api/openapi.json')).body;
  routes = Object.entries(document.paths).flatMap(([route, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
      ...{ path: route, method: method.toUpperCase(), operation },
    })),
  );
});
afterAll(async () => {
  await plane?.stop();
  rmSync(dashboard, { recursive: true, force: true });
});

/** Sound values, so that what is wrong is only the one that is tried. */
const SOUND: Readonly<Record<string, string>> = {
  ...{ idOrName: 'known', host: 'known', rollout: 'known', action: 'pause', limit: '3' },
  ...{ selector: 'zone=a', order: 'asc', after: '0', before: '9', wave: '0', dryRun: 'true' },
};

/** Text as a client might write it; a lone surrogate as the bytes that a careless encoder makes of it. */
function bytesOf(text: string): Buffer {
  const parts = [...text].map((character) => {
    const code = character.codePointAt(0) ?? 0;
    return /\p{Cs}/u.test(character)
      ? Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)])
      : Buffer.from(character);
  });
  return Buffer.concat(parts);
}
const percent = (text: string): string =>
  bytesOf(text)
    .toString('latin1')
    .replace(/[^A-Za-z0-9]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);

const BROKEN = ['%', '%zz', '%u0000', '%c0%80', '%ff%fe', '%00', '..%2f..%2f', '%25%30%30', 'a%0'];
const IN_URLS = [
  ...HOSTILE_TEXTS.map((text) => ({ text: bytesOf(text).toString(), encoded: percent(text) })),
  ...BROKEN.map((encoded) => ({ text: '', encoded })),
  { text: '', encoded: 'x'.repeat(10_000) },
];
/** Whatever is not harmful in bodies is tried by hostile-requests. */
const IN_BODIES = [
  ...HOSTILE_TEXTS.filter((text) => !isPlainText(text)),
  ...['__proto__', 'constructor', 'x'.repeat(100_000)],
];
/** What no parser of headers lets through comes to nothing here. */
const IN_HEADERS = [...HOSTILE_TEXTS, '\u0080', '\u009b31m', 'é', 'x'.repeat(8000)];

async function expectSound(bytes: Buffer): Promise<{ status: number; text: string }> {
  const { status, text } = await sendRaw(plane.running.httpPort, bytes);
  const sent = bytes.toString('latin1').slice(0, 300);
  expect({ sent, text: status >= 500 ? text : '' }).toEqual({ sent, text: '' });
  expect({ sent, isPlain: isPlainText(text.replaceAll('\r\n', '\n'), 'many') }).toEqual({
    ...{ sent, isPlain: true },
  });
  return { status, text };
}

async function allOf<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>) {
  for (let from = 0; from < items.length; from += 16)
    await Promise.all(items.slice(from, from + 16).map(work));
}

/** The target of a request with sound parameters, but for those given. */
function targetOf(route: Route, given: Readonly<Record<string, string>>): string {
  const valueOf = (name: string) => given[name] ?? SOUND[name] ?? '';
  const parameters = route.operation.parameters ?? [];
  const query = parameters
    .filter(({ name, in: place }) => place === 'query' && valueOf(name) !== '')
    .map(({ name }) => `${name}=${valueOf(name)}`);
  return `${route.path.replace(/\{(\w+)\}/g, (_all, name: string) => valueOf(name))}?${query.join('&')}`;
}

const bodyOf = ({ operation }: Route): string =>
  operation.requestBody ? JSON.stringify(sampleOf(schemaOf(operation))) : '';
const JSON_TYPE = { 'content-type': 'application/json' };

it('takes or refuses anything in each parameter of each route', async () => {
  expect(routes.map((route) => route.path)).toContain('/api/v1/events/stream');
  for (const route of routes)
    for (const { name, in: place } of route.operation.parameters ?? [])
      await allOf(place === 'header' ? [] : IN_URLS, async ({ text, encoded }) => {
        const target = targetOf(route, { [name]: encoded });
        const { status } = await expectSound(
          rawRequest(route.method, target, JSON_TYPE, bodyOf(route)),
        );
        if (!isPlainText(text, 'many')) expect({ target, status }).toEqual({ target, status: 400 });
      });
}, 300_000);

it('takes or refuses anything in each header', async () => {
  const common = ['accept', 'content-type', 'host', 'range', 'if-none-match', 'expect', 'cookie'];
  const anyRoute = ['/api/v1/hosts', '/api/v1/rollouts', '/api/v1/events/stream'];
  for (const route of routes) {
    const declared = (route.operation.parameters ?? []).filter((one) => one.in === 'header');
    const named = declared.map(({ name }) => name.toLowerCase());
    for (const name of [...named, ...(anyRoute.includes(route.path) ? common : [])])
      await allOf(IN_HEADERS, async (text) => {
        const headers = { ...JSON_TYPE, [name]: bytesOf(text) };
        await expectSound(rawRequest(route.method, targetOf(route, {}), headers, bodyOf(route)));
      });
  }
}, 300_000);

it('takes or refuses anything in each text of each body, and names the field', async () => {
  const withBody = routes.filter(({ operation }) => operation.requestBody);
  expect(withBody.length).toBeGreaterThan(4);
  for (const route of withBody)
    for (const text of IN_BODIES)
      await allOf(spoiled(sampleOf(schemaOf(route.operation)), text), async ({ field, value }) => {
        const body = JSON.stringify(value);
        const answer = await expectSound(
          rawRequest(route.method, targetOf(route, {}), JSON_TYPE, body),
        );
        if (isPlainText(text, 'many') && text.length < 100_000) return;
        expect({ body, status: answer.status }).toEqual({ body, status: 400 });
        const [, problem = ''] = answer.text.split('\r\n\r\n');
        expect(problem).toContain(`"path":"`);
        expect(problem).toContain(field);
      });
}, 300_000);

it('answers anything as the path of a page', async () => {
  for (const before of ['/', '/hosts/', '/assets/', '/api/', '/api/docs/', '/healthz/', '//', '/?'])
    await allOf(IN_URLS, async ({ encoded }) => {
      for (const accept of ['text/html', '*/*'])
        await expectSound(rawRequest('GET', `${before}${encoded}`, { accept }));
    });
}, 300_000);

it('has counted all of it under the routes that there are', async () => {
  const { text, status } = await plane.ask('/metrics');
  expect(status).toBe(200);
  expect(isPlainText(text, 'many')).toBe(true);
  const counted = new Set([...text.matchAll(/route="([^"]*)"/g)].map(([, route]) => route));
  expect(counted.size).toBeLessThan(40);
});

/** A value with every field that the schema names. */
function sampleOf(schema: Schema, key = 'known'): unknown {
  const { $ref, anyOf, properties, items, additionalProperties } = schema;
  if ($ref) return sampleOf(document.components?.schemas?.[$ref.split('/').at(-1) ?? ''] as Schema);
  const [first] = anyOf ?? [];
  if (first) return sampleOf(anyOf?.find(({ type }) => type === 'string') ?? first);
  if (properties)
    return Object.fromEntries(
      Object.entries(properties).map(([name, one]) => [name, sampleOf(one)]),
    );
  if (items) return [sampleOf(items)];
  if (typeof additionalProperties === 'object') return { [key]: sampleOf(additionalProperties) };
  return { integer: 1, number: 1, boolean: true }[schema.type ?? ''] ?? 'known';
}

function schemaOf({ requestBody }: Operation): Schema {
  return requestBody?.content['application/json']?.schema ?? {};
}
