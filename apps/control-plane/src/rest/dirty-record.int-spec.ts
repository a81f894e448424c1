// A record from before there was a rule for text, with harm in every column that has any: whoever reads it gets the text
// whole, and no answer has one raw control character.
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { OpenAPIObject } from '@nestjs/swagger';
import { isPlainText } from '@luofleet/platform/text';
import {
  type GetRolloutResponse,
  type ListHostsResponse,
  OperatorServiceClient,
  type WatchEventsResponse,
} from '@luofleet/proto';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { manifest } from '../testing/fleet.fixture';
import { rawRequest, sendRaw } from '../testing/raw-http';

/** What Postgres takes, and no terminal or page should get. */
const HARM = [
  ...['\u0007', '\u001b[31m', '\u009b2j', '\r\n', '\t', '\u007f', '\u202e', '\u2066', '\u2028'],
  ...['\u2029', '\u200b', '\ufeff', '\u{e0041}', '\u00ad', 'x'.repeat(50_000)],
].join('x');

let plane: ControlPlaneFixture;
let ids: Record<'host' | 'release' | 'rollout' | 'session', string>;

beforeAll(async () => {
  plane = await createControlPlane();
  const { fleet } = plane;
  const release = await fleet.release('runtime-1.1.0');
  const [host = ''] = await fleet.hosts(['host-1'], () => ({ zone: 'a' }));
  const body = manifest('r');
  const rollout = (await plane.ask<{ id: string }>('/api/v1/rollouts', { method: 'POST', body }))
    .body.id;
  await fleet.updates(rollout, () => ({
    state: {
      kind: 'failed',
      phase: 'freeze',
      reason: { code: 'C', detail: 'd', errnoCode: 'ENOMEM', errno: 12, subject: 's' },
    },
  }));
  const reason = { reasonCode: 'C', reasonDetail: 'd', errnoCode: 'ENOMEM', errno: 12 };
  const file = { token: 1n, name: 'f', compatible: 'memfd-v1', dataHandle: 1n, sizeBytes: 1n };
  await fleet.sessions(rollout, 'host-1', [
    {
      ...{ name: 'kv', workload: 'kv', state: 'failed' },
      files: [{ ...file, ...reason, state: 'failed' }],
    },
  ]);
  await spoilRecord(host, rollout);
  const sessions = await plane.ask<{ items: { id: string }[] }>('/api/v1/sessions');
  ids = { host, release: release.id, rollout, session: sessions.body.items[0]?.id ?? '' };
});
afterAll(() => plane?.stop());

/** Columns of words that our own code wrote and reads again. */
const WORDS = [
  'state',
  'phase',
  'strategy',
  'idempotency_key',
  'after_key',
  'outcome',
  'replica_id',
];

async function spoilRecord(hostId: string, rolloutId: string): Promise<void> {
  await plane.fleet.database.transaction('spoil', 'test', async ({ client }) => {
    const tables = ['hosts', 'releases', 'rollouts', 'waves', 'host_updates', 'sessions'];
    const columns = await client.$queryRaw<Record<'table' | 'column' | 'type', string>[]>`
      SELECT table_name AS table, column_name AS column, data_type AS type FROM information_schema.columns
      WHERE table_schema = 'public' AND data_type IN ('text', 'ARRAY', 'jsonb')
        AND table_name = ANY(${[...tables, 'preserved_files']}) AND column_name <> ALL(${WORDS})`;
    expect(columns.length).toBeGreaterThan(30);
    for (const { table, column, type } of columns)
      if (type === 'jsonb') {
        const rows = await client.$queryRawUnsafe<{ id: string; value: unknown }[]>(
          `SELECT id, ${column} AS value FROM ${table}`,
        );
        for (const { id, value } of rows)
          await client.$executeRawUnsafe(
            `UPDATE ${table} SET ${column} = $1::jsonb WHERE id = $2::uuid`,
            ...[JSON.stringify(spoiledJson(column, value)), id],
          );
      } else {
        const value = type === 'ARRAY' ? 'ARRAY[$1]' : '$1';
        await client.$executeRawUnsafe(
          `UPDATE ${table} SET ${column} = ${column} || ${value}`,
          HARM,
        );
      }
    await client.$executeRaw`
      INSERT INTO events (kind, host_id, rollout_id, reason_code, message, data)
      VALUES (${HARM}, ${hostId}::uuid, ${rolloutId}::uuid, ${HARM}, ${HARM},
        ${JSON.stringify({ [HARM]: HARM })}::jsonb)`;
  });
}

function spoiledJson(column: string, value: unknown): unknown {
  if (column === 'labels') return { [`zone${HARM}`]: HARM };
  if (column === 'workloads') return [{ name: HARM, state: HARM, detail: HARM, pid: 1 }];
  const spoil = (part: unknown): unknown => {
    if (typeof part === 'string') return /^[0-9a-f-]{36}$/.test(part) ? part : part + HARM;
    if (Array.isArray(part)) return part.map(spoil);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, spoil(inner)]));
  };
  return spoil(value);
}

it('leaves by every route as JSON without a raw character, and whole', async () => {
  const { body } = await plane.ask<OpenAPIObject>('/api/openapi.json');
  const paths = Object.entries(body.paths)
    .filter(([path, methods]) => 'get' in methods && path.startsWith('/api/v1/'))
    .filter(([path]) => path !== '/api/v1/events/stream')
    .map(([path]) => {
      const kind = /^\/api\/v1\/(\w+)s\//.exec(path)?.[1] ?? '';
      return path.replace(/\{\w+\}/, ids[kind as keyof typeof ids]);
    });
  expect(paths.length).toBeGreaterThan(12);
  let withHarm = 0;
  for (const path of [...paths, `/api/v1/rollouts/${HARM.slice(0, 20)}`]) {
    const answer = await plane.ask(path.replace(HARM.slice(0, 20), '%1b%5b31m'));
    expect({ path, status: answer.status }).toEqual({
      ...{ path, status: path.includes(HARM.slice(0, 20)) ? 400 : 200 },
    });
    expect({ path, isPlain: isPlainText(answer.text) }).toEqual({ path, isPlain: true });
    if (JSON.stringify(answer.body).includes(JSON.stringify(HARM).slice(1, -1))) withHarm += 1;
  }
  expect(withHarm).toBeGreaterThan(10);
});

it('leaves as an event without a raw character, and as one frame', async () => {
  const target = `/api/v1/events/stream?after=0&host=${ids.host}`;
  const { text, status } = await sendRaw(
    plane.running.httpPort,
    rawRequest('GET', target),
    (sofar) => (sofar.match(/^data: .*\n\n/gm) ?? []).some((frame) => frame.includes('u001b')),
  );
  expect(status).toBe(200);
  expect(isPlainText(text.replaceAll('\r\n', '\n'), 'many')).toBe(true);
  const data = [...text.matchAll(/^data: (.*)$/gm)].map(
    ([, json = '']) => JSON.parse(json) as { message: string; data: object },
  );
  expect(data.at(-1)).toMatchObject({ message: HARM, data: { [HARM]: HARM } });
});

it('leaves by gRPC whole', async () => {
  const address = `127.0.0.1:${plane.running.grpcPort}`;
  const client = new OperatorServiceClient(address, credentials.createInsecure());
  const call = <Response>(
    ask: (
      metadata: Metadata,
      done: (error: ServiceError | null, answer: Response) => void,
    ) => unknown,
  ) =>
    new Promise<Response>((resolve, reject) =>
      ask(new Metadata(), (error, answer) => (error ? reject(error) : resolve(answer))),
    );
  const { rollout } = await call<GetRolloutResponse>((...rest) =>
    client.getRollout({ id: ids.rollout }, ...rest),
  );
  expect(rollout?.name).toBe(`r${HARM}`);
  const { hosts } = await call<ListHostsResponse>((...rest) =>
    client.listHosts({ limit: 0, cursor: '', selector: '', state: '' }, ...rest),
  );
  expect(hosts[0]?.labels).toEqual({ [`zone${HARM}`]: HARM });
  const stream = client.watchEvents({
    afterSequence: 0n,
    rolloutId: '',
    hostId: ids.host,
    life: '',
  });
  const told = await new Promise<WatchEventsResponse>((resolve, reject) => {
    stream.on('data', (event: WatchEventsResponse) => event.message === HARM && resolve(event));
    stream.on('error', reject);
  });
  expect(told.data).toEqual({ [HARM]: HARM });
  stream.on('error', () => undefined);
  stream.cancel();
  client.close();
});
