import { type ClientReadableStream, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  type ActOnRolloutResponse,
  type ApplyRolloutResponse,
  type GetRolloutResponse,
  type ListHostsResponse,
  type ListRolloutsResponse,
  OperatorServiceClient,
  RolloutAction,
  type WatchEventsResponse,
} from '@luofleet/proto';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { manifest } from '../testing/fleet.fixture';
import { grpcCall, grpcRefusal } from '../testing/grpc-calls';

let plane: ControlPlaneFixture;
let client: OperatorServiceClient;

beforeAll(async () => {
  plane = await createControlPlane();
  await plane.fleet.release('runtime-1.1.0');
  await plane.fleet.hosts(['host-1', 'host-2', 'host-3'], (name) => ({ zone: name.slice(-1) }));
  client = new OperatorServiceClient(
    `127.0.0.1:${plane.running.grpcPort}`,
    credentials.createInsecure(),
  );
});

afterAll(async () => {
  client?.close();
  await plane?.stop();
});

const getRollout = (id: string) =>
  grpcCall<GetRolloutResponse>((...rest) => client.getRollout({ id }, ...rest));
const act = (id: string, action: RolloutAction) =>
  grpcCall<ActOnRolloutResponse>((...rest) => client.actOnRollout({ id, action }, ...rest));
const listRollouts = (limit: number) =>
  grpcCall<ListRolloutsResponse>((...rest) => client.listRollouts({ limit, cursor: '' }, ...rest));
const listHosts = (cursor: string, selector: string) =>
  grpcCall<ListHostsResponse>((...rest) =>
    client.listHosts({ limit: 1, cursor, selector, state: '' }, ...rest),
  );

const apply = (name: string, spec = {}, dryRun = false, headers = {}) =>
  grpcCall<ApplyRolloutResponse>(
    (...rest) => client.applyRollout({ manifest: manifest(name, spec), dryRun }, ...rest),
    headers,
  );

it('applies, shows, lists and steers like REST', async () => {
  const applied = await apply('by-grpc', { strategy: { waves: [1] } });
  expect(applied.rollout).toMatchObject({ name: 'by-grpc', hostsTotal: 3, hostsPending: 3 });
  expect(applied.plan).toMatchObject({ hostsTotal: 3 });
  const rest = await plane.ask<{ id: string }>('/api/v1/rollouts/by-grpc');
  expect(rest.body.id).toBe(applied.rollout?.id);
  const shown = await getRollout('by-grpc');
  expect(shown.rollout?.id).toBe(rest.body.id);
  const paused = await act('by-grpc', RolloutAction.ROLLOUT_ACTION_PAUSE);
  expect(paused.rollout).toMatchObject({ state: 'paused', reason: { code: 'OPERATOR_PAUSED' } });
  const listed = await listRollouts(0);
  expect(listed.rollouts.map(({ name }) => name)).toEqual(['by-grpc']);
});

it('stores nothing in a dry run', async () => {
  const preview = await apply('dry', {}, true);
  expect(preview.rollout).toMatchObject({ id: '', hostsTotal: 3 });
  expect(await grpcRefusal(getRollout('dry'))).toMatchObject({
    code: 'NOT_FOUND',
  });
});

it('pages through hosts by selector', async () => {
  const first = await listHosts('', 'zone in (1,3)');
  const rest = await listHosts(first.nextCursor, 'zone in (1,3)');
  expect([...first.hosts, ...rest.hosts].map(({ name }) => name)).toEqual(['host-1', 'host-3']);
  expect(rest.nextCursor).toBe('');
});

it('takes an idempotency key from the metadata', async () => {
  const headers = { 'idempotency-key': 'grpc-1' };
  const [a, b] = await Promise.all([
    apply('keyed', {}, false, headers),
    apply('keyed', {}, false, headers),
  ]);
  expect(a.rollout?.id).toBe(b.rollout?.id);
});

it('refuses an idempotency key that is there twice', async () => {
  const refused = await grpcRefusal(
    grpcCall<ApplyRolloutResponse>((metadata, answered) => {
      for (const key of ['grpc-2', 'grpc-3']) metadata.add('idempotency-key', key);
      client.applyRollout({ manifest: manifest('two-keys'), dryRun: false }, metadata, answered);
    }),
  );
  expect(refused).toMatchObject({ status: 3, code: 'INVALID_INPUT' });
});

it.each<[string, () => Promise<unknown>, number, string, string]>([
  ['an unknown field', () => apply('x', { extra: 1 }), 3, 'INVALID_INPUT', 'spec.extra'],
  ['a bad selector', () => apply('x', { selector: 'a in' }), 3, 'INVALID_INPUT', 'spec.selector'],
  ['an unknown release', () => apply('x', { release: 'none' }), 5, 'NOT_FOUND', 'spec.release'],
  ['a name that is taken', () => apply('by-grpc'), 6, 'ALREADY_EXISTS', 'metadata.name'],
  [
    'an action the state does not allow',
    () => act('keyed', RolloutAction.ROLLOUT_ACTION_RETRY),
    9,
    'INVALID_TRANSITION',
    '',
  ],
  ['no action', () => act('keyed', 0), 3, 'INVALID_INPUT', 'action'],
  ['a limit beyond the most', () => listRollouts(501), 3, 'INVALID_INPUT', 'limit'],
])('refuses %s with status and code', async (_name, ask, status, code, path) => {
  const refused = await grpcRefusal(ask());
  expect(refused).toMatchObject({ status, code });
  expect(refused.details).not.toBe('');
  if (path !== '') expect(refused.errors.map((fault) => fault.path)).toContain(path);
});

it('streams events in order from a sequence on, and what happens meanwhile', async () => {
  const stream = client.watchEvents({
    afterSequence: 0n,
    rolloutId: 'by-grpc',
    hostId: '',
    life: '',
  });
  const kinds = await collect(stream, 2);
  expect(kinds.map(({ kind }) => kind)).toEqual(['rollout-applied', 'rollout-paused']);
  const next = collect(stream, 1);
  await act('by-grpc', RolloutAction.ROLLOUT_ACTION_RESUME);
  expect((await next)[0]?.kind).toBe('rollout-running');
  stream.cancel();
});

it.each([
  ['beyond the newest event', { afterSequence: 10n ** 9n, life: '' }],
  ['of another life of the database', { afterSequence: 1n, life: '1' }],
])('refuses a place in the record %s', async (_name, place) => {
  const stream = client.watchEvents({ ...place, rolloutId: '', hostId: '' });
  const error = await new Promise<ServiceError>((resolve) => stream.once('error', resolve));
  expect(error.code).toBe(11);
  expect(error.metadata.get('code')).toEqual(['CURSOR_EXPIRED']);
});

it('refuses to watch what is not there', async () => {
  const stream = client.watchEvents({
    afterSequence: 0n,
    rolloutId: 'nothing',
    hostId: '',
    life: '',
  });
  const error = await new Promise<ServiceError>((resolve) => stream.once('error', resolve));
  expect(error.code).toBe(5);
  expect(error.metadata.get('code')).toEqual(['NOT_FOUND']);
});

function collect(
  stream: ClientReadableStream<WatchEventsResponse>,
  count: number,
): Promise<WatchEventsResponse[]> {
  return new Promise((resolve) => {
    const events: WatchEventsResponse[] = [];
    const take = (event: WatchEventsResponse) => {
      events.push(event);
      if (events.length < count) return;
      stream.off('data', take);
      resolve(events);
    };
    stream.on('data', take);
    stream.on('error', () => undefined);
  });
}
