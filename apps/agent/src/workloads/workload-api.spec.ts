// The socket with whatever a workload may send through it: nothing that is said is lost but the harm, and nothing makes
// the agent fail.
import { statSync } from 'node:fs';
import fc from 'fast-check';
import { isPlainText } from '@luofleet/platform/text';
import { WorkloadSocket } from '../testing/workload-socket';
import { BODIES } from './workload-api';

const socket = new WorkloadSocket();
const { instance, holds } = socket;
const ask = socket.ask.bind(socket);

beforeAll(async () => {
  await socket.open();
  expect(await socket.register()).toMatchObject({ status: 200 });
});

afterAll(() => socket.close());

/** An instruction that is open, and what comes of it. */
function instruct() {
  const written: string[] = [];
  instance.attach({ write: (line) => written.push(line), end: () => undefined });
  const answer = instance.instruct('check', new AbortController().signal);
  const { id } = JSON.parse(written.at(-1) ?? '{}') as { id: number };
  return { id, answer };
}

const HOSTILE = [
  ...['busy\u0000', '\u001b]0;x\u0007', '\ud800', '\u202e', '\u2028', '\u009b', '\u200b', '😀'],
  ...[
    '%00',
    '%ff',
    '__proto__',
    'constructor',
    "'; DROP TABLE hosts; --",
    '../..',
    'a'.repeat(300),
  ],
];
const hostile = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
    .map((units) => String.fromCharCode(...units)),
);

it("is the owner's alone, and leaves no mask for what is started while it opens", async () => {
  const other = new WorkloadSocket();
  const mask = process.umask();
  const opened = other.open();
  expect(process.umask()).toBe(mask);
  await opened;
  expect(statSync(other.path).mode & 0o777).toBe(0o600);
  other.close();
});

it('takes a veto of 16 KiB, and cuts it', async () => {
  const { id, answer } = instruct();
  const reason = `too busy: ${'x'.repeat(16_384)}`;
  const url = `/v1/workloads/kv/instructions/${id}`;
  expect(await ask('POST', url, { ok: false, reason })).toMatchObject({ status: 204 });
  const told = await answer;
  expect(told).toMatchObject({ ok: false });
  expect(told.reason).toMatch(/^too busy: x+… \(\d+ more characters\)$/);
});

it('takes what is too long for any reason as a refusal, at once', async () => {
  const { id, answer } = instruct();
  const sent = ask('POST', `/v1/workloads/kv/instructions/${id}`, {
    ok: false,
    reason: 'x'.repeat(2 ** 21),
  });
  expect(await answer).toMatchObject({ ok: false, reason: expect.stringContaining('its answer') });
  await sent.catch(() => undefined);
});

it.each(['{"ok":false,"reason":"busy","ok":true}', '{"ok":false,"reason":"busy","\\u006fk":true}'])(
  'makes no yes of a no: %s',
  async (text) => {
    const { id, answer } = instruct();
    const url = `/v1/workloads/kv/instructions/${id}`;
    const refused = await ask('POST', url, Buffer.from(text));
    expect(refused).toMatchObject({ status: 400, text: expect.stringContaining('twice') });
    await ask('POST', url, { ok: false, reason: 'busy' });
    expect(await answer).toMatchObject({ ok: false });
  },
);

it('cleans every reason, and loses nothing of it but the harm', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (reason) => {
      const { id, answer } = instruct();
      await ask('POST', `/v1/workloads/kv/instructions/${id}`, { ok: false, reason });
      const told = (await answer).reason;
      expect(isPlainText(told, 'many')).toBe(true);
      if (isPlainText(reason, 'many')) expect(told).toBe(reason);
      await ask('POST', '/v1/workloads/kv/finish-hold', { reason });
      expect(isPlainText(holds.get('kv') ?? '', 'many')).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it('answers anything at all with no 5xx and no raw control character', async () => {
  const fields = [
    'pid',
    'instance',
    'fd',
    'name',
    'optional',
    'ok',
    'reason',
    '__proto__',
    'toString',
  ];
  const value = fc.oneof(hostile, fc.constantFrom(1, 1e308, -1, null, true, [], {}, 2 ** 60));
  const body = fc.oneof(
    fc.dictionary(fc.oneof(fc.constantFrom(...fields), hostile), value, { maxKeys: 4 }),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(Buffer.from(`${'['.repeat(50_000)}`)),
    fc.constant(Buffer.from('{"ok":true,"reason":"\xff\xfe"}', 'latin1')),
  );
  const part = hostile.map((text) => encodeURIComponent(text.replace(/\p{Cs}/gu, '')));
  const url = fc
    .tuple(
      fc.oneof(fc.constant('kv'), part, fc.constantFrom('%', '%ff', '%00', '__proto__')),
      fc.constantFrom('register', 'descriptors', 'instructions', 'finish-hold', 'constructor'),
      fc.oneof(
        fc.constant(''),
        fc.constant('/1'),
        part.map((text) => `/${text}`),
      ),
    )
    .map(([workload, kind, rest]) => `/v1/workloads/${workload}/${kind}${rest}`);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('POST', 'PUT', 'DELETE'),
      url,
      body,
      async (method, to, sent) => {
        const { status, text } = await ask(method, to, sent);
        expect(status).toBeLessThan(500);
        expect(isPlainText(text, 'many')).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});

const SOUND = { integer: process.pid, boolean: true, string: 'kv' } as const;
const texts = Object.entries(BODIES).flatMap(([call, shape]) =>
  Object.entries<{ type: keyof typeof SOUND }>(shape)
    .filter(([, { type }]) => type === 'string')
    .map(([field]) => ({ call: call as keyof typeof BODIES, field })),
);

it.each(texts)('takes or refuses any $field of $call, and shows none as it came', async (one) => {
  const [method = '', part] = one.call.split(' ');
  const shape = Object.entries<{ type: keyof typeof SOUND }>(BODIES[one.call]);
  const sound = Object.fromEntries(shape.map(([name, { type }]) => [name, SOUND[type]]));
  const rest = part === 'descriptors' || part === 'instructions' ? '/1' : '';
  await socket.register();
  for (const text of [...HOSTILE, '\r\n', 'a:b', 'x'.repeat(5000)]) {
    const url = `/v1/workloads/kv/${part}${rest}`;
    const { status, text: answer } = await ask(method, url, { ...sound, [one.field]: text });
    expect({ text, status, isServed: status < 500 }).toMatchObject({ isServed: true });
    expect(isPlainText(answer, 'many')).toBe(true);
    const isUnfit = !isPlainText(text) || text.includes(':') || text.length > 255;
    if (one.field === 'name')
      expect({ text, status }).toEqual({ text, status: isUnfit ? 400 : 200 });
    for (const shown of [await ask('GET', '/v1/workloads'), await ask('GET', '/v1/status')]) {
      expect(shown.status).toBe(200);
      JSON.parse(shown.text, (_key, value: unknown) => {
        if (typeof value === 'string') expect(isPlainText(value, 'many')).toBe(true);
        return value;
      });
    }
  }
});

it('takes so many descriptors and no more', async () => {
  const offer = (token: number) =>
    ask('PUT', `/v1/workloads/kv/descriptors/${token}`, { fd: 0, name: 'a' });
  await socket.register();
  expect((await offer(1)).status).toBe(200);
  const [[, descriptor] = []] = [...instance.descriptors];
  for (let token = 2n; token <= 4096n && descriptor; token += 1n)
    instance.descriptors.set(token, descriptor);
  expect(await offer(5000)).toMatchObject({ status: 409 });
  expect((await offer(1)).status).toBe(200);
  await ask('DELETE', '/v1/workloads/kv/descriptors/2');
  expect((await offer(5000)).status).toBe(200);
});

it('takes names only as long as all of them fit into the variable that hands them on', async () => {
  await socket.register();
  const offer = (token: number, name = 'x'.repeat(255)) =>
    ask('PUT', `/v1/workloads/kv/descriptors/${token}`, { fd: 0, name });
  for (let token = 1; token <= 256; token += 1) expect((await offer(token)).status).toBe(200);
  expect(await offer(257)).toMatchObject({ status: 409 });
  expect(await offer(257, 'a')).toMatchObject({ status: 409 });
  expect((await offer(256, 'b')).status).toBe(200);
  expect((await offer(257, 'a')).status).toBe(200);
});
