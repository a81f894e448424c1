// Anything in any text of any call of OperatorService, field by field as proto/ has them: it is taken or refused with the
// field, within its bound, and the next call is answered as ever.
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { isPlainText } from '@luofleet/platform/text';
import { OperatorServiceService } from '@luofleet/proto';
import fc from 'fast-check';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { manifest } from '../testing/fleet.fixture';
import { HOSTILE_TEXTS, hostileText, spoiled } from '../testing/hostile-texts';
import { protoMessage, sampleMessages } from '../testing/proto-messages';

/** The name of a host and of a rollout: sound wherever one of them is asked for. */
const KNOWN = 'known';
const METHODS = Object.values(OperatorServiceService);
const BOUND_MS = 60_000;
const REFUSALS: readonly number[] = [
  ...[status.INVALID_ARGUMENT, status.NOT_FOUND, status.ALREADY_EXISTS],
  ...[status.FAILED_PRECONDITION, status.OUT_OF_RANGE],
];

let plane: ControlPlaneFixture;
let client: Client;

beforeAll(async () => {
  plane = await createControlPlane();
  await plane.fleet.release('runtime-1.1.0');
  const [hostId] = await plane.fleet.hosts([KNOWN, 'other']);
  const body = manifest(KNOWN);
  const { id } = (await plane.ask<{ id: string }>('/api/v1/rollouts', { method: 'POST', body }))
    .body;
  await plane.fleet.database.transaction('record', 'test', async (unit) => {
    // Whatever a watcher asks for, it gets something.
    for (let index = 0; index < 5; index += 1)
      unit.record({
        ...{ kind: 'rollout-warned', rolloutId: id, hostId, message: 'm' },
        data: { name: KNOWN },
      });
  });
  client = new Client(`127.0.0.1:${plane.running.grpcPort}`, credentials.createInsecure());
});
afterAll(async () => {
  client?.close();
  await plane?.stop();
});

type Method = (typeof METHODS)[number];
type Refusal = { code: number; details: string; errors: { path: string; message: string }[] };

/** The refusal of a call, or 'taken': its answer, or the first message of its stream, has come. */
function send(method: Method, bytes: Uint8Array): Promise<Refusal | 'taken'> {
  return new Promise((resolve) => {
    const refused = (error: ServiceError) => {
      const [faults] = error.metadata.get('errors-bin');
      const errors = faults === undefined ? [] : (JSON.parse(faults.toString()) as []);
      resolve({ code: error.code, details: error.details, errors });
    };
    const asTheyAre = (raw: Buffer) => raw;
    const call = [method.path, asTheyAre, asTheyAre, Buffer.from(bytes)] as const;
    const options = { deadline: Date.now() + BOUND_MS };
    if (!method.responseStream) {
      client.makeUnaryRequest(...call, new Metadata(), options, (error) =>
        error ? refused(error) : resolve('taken'),
      );
      return;
    }
    const stream = client.makeServerStreamRequest(...call, new Metadata(), options);
    stream.on('error', refused);
    stream.once('data', () => {
      resolve('taken');
      stream.cancel();
    });
  });
}

/** Checks the answer to these bytes. */
async function expectSound(method: Method, bytes: Uint8Array): Promise<Refusal | 'taken'> {
  const answer = await send(method, bytes);
  if (answer !== 'taken') {
    expect({ answer, isRefusal: REFUSALS.includes(answer.code) }).toMatchObject({
      isRefusal: true,
    });
    expect(isPlainText(answer.details)).toBe(true);
    for (const { path, message } of answer.errors) expect(isPlainText(path + message)).toBe(true);
  }
  return answer;
}

async function expectNextAnswered(): Promise<void> {
  const next = OperatorServiceService.getRollout;
  expect(await send(next, next.requestSerialize({ id: KNOWN }))).toBe('taken');
}

const requestOf = ({ path }: Method): string => `${path.replace(/^.*\//, '')}Request`;
const encode = (method: Method, message: unknown): Buffer =>
  (method.requestSerialize as (message: unknown) => Buffer)(message);

/** Whether there is such text once it has come: encoders of UTF-8 mend what is broken. */
function hasHarm(value: unknown): boolean {
  if (typeof value === 'string') return !isPlainText(value, 'many');
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some((entry) => entry.some(hasHarm));
}

it('knows every call', () => {
  expect(METHODS.length).toBeGreaterThanOrEqual(10);
  const requests = METHODS.map((method) => sampleMessages(requestOf(method), SAMPLE));
  expect(requests.flat()).toContainEqual({
    id: KNOWN,
    hosts: [KNOWN],
    offline: true,
    reason: KNOWN,
  });
});

const SAMPLE = { text: KNOWN, struct: manifest('applied', { selector: 'zone=a' }) };

const FAR_TOO_LONG = 'x'.repeat(1_000_000);

it.each(METHODS)(
  '$path takes or refuses each text of its request, by its name',
  async (method) => {
    const samples = sampleMessages(requestOf(method), SAMPLE);
    for (const text of [...HOSTILE_TEXTS, FAR_TOO_LONG]) {
      const places = samples.flatMap((sample) => spoiled(sample, text));
      await Promise.all(
        places.map(async ({ field, value }) => {
          const bytes = encode(method, value);
          const answer = await expectSound(method, bytes);
          const isTooLong = text === FAR_TOO_LONG && bytes.length > text.length;
          if (!isTooLong && !hasHarm(method.requestDeserialize(bytes))) return;
          const told = answer === 'taken' ? answer : { ...answer, paths: pathsOf(answer) };
          expect({ text: text.slice(0, 9), told }).toMatchObject({
            told: { code: status.INVALID_ARGUMENT, paths: expect.stringContaining(field) },
          });
        }),
      );
      await expectNextAnswered();
    }
  },
  300_000,
);

const pathsOf = ({ errors }: Refusal): string => errors.map(({ path }) => path).join();

it.each(METHODS)(
  '$path takes or refuses any message of its kind',
  async (method) => {
    const texts = fc.oneof(hostileText, fc.constant(KNOWN));
    await fc.assert(
      fc.asyncProperty(protoMessage(requestOf(method), texts), async (message) => {
        const answer = await expectSound(method, encode(method, message));
        if (answer !== 'taken' && answer.code === status.INVALID_ARGUMENT)
          expect(answer.errors).not.toEqual([]);
      }),
      { numRuns: 30 },
    );
    await expectNextAnswered();
  },
  300_000,
);

/** A field of wire type 2 with these bytes. */
function field(number: number, bytes: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
}

/** Structs in structs, as deep as this. */
function nested(depth: number): Buffer {
  let inner: Buffer = Buffer.alloc(0);
  for (let level = 0; level < depth; level += 1)
    inner = field(1, Buffer.concat([field(1, Buffer.from('a')), field(2, field(5, inner))]));
  return field(1, inner);
}

it.each(METHODS)(
  '$path refuses bytes that are no message, and nothing breaks',
  async (method) => {
    const broken = [
      ...[
        field(1, Buffer.from([0xed, 0xa0, 0x80])),
        field(1, Buffer.from([0xff, 0xfe, 0xc0, 0x00])),
      ],
      ...[Buffer.from([0x0a, 0x7f, 0x00]), Buffer.from([0x0b]), Buffer.from([0xff])],
      ...[31, 33, 200, 500, 1000, 1500, 2000, 2500, 3000, 5000].map(nested),
    ];
    await Promise.all(broken.map((bytes) => expectSound(method, bytes)));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (bytes) => {
        await expectSound(method, bytes);
      }),
      { numRuns: 20 },
    );
    await expectNextAnswered();
  },
  300_000,
);
