// An agent that says anything: every text and number of every message, generated from proto/. Nothing it says ends its
// welcomed stream, keeps other hosts' signs from being written, or reaches an answer as it came.
import {
  type ClientDuplexStream,
  credentials,
  makeClientConstructor,
  Metadata,
  status,
} from '@grpc/grpc-js';
import type { HostResponse } from '@luofleet/contracts';
import { within } from '@luofleet/platform';
import { isPlainText } from '@luofleet/platform/text';
import {
  AgentServiceService,
  Backend,
  CommandResult,
  ConnectRequest,
  ConnectResponse,
  Hello,
  MESSAGE_BYTES_MAX,
} from '@luofleet/proto';
import { until } from '@luofleet/testkit';
import fc from 'fast-check';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { hostileText } from '../testing/hostile-texts';
import { protoMessage } from '../testing/proto-messages';
import { ScriptedAgent } from '../testing/scripted-agent';

/** Far more than anything takes that is waited for here. */
const WAIT_MS = 30_000;

let plane: ControlPlaneFixture;

beforeAll(async () => {
  plane = await createControlPlane({ HEARTBEAT_INTERVAL_MS: '100' });
});
afterAll(() => plane?.stop());

/** The same service, whose requests are sent as the bytes they are. */
const RawAgents = makeClientConstructor(
  { connect: { ...AgentServiceService.connect, requestSerialize: (bytes: Buffer) => bytes } },
  'AgentService',
);

/** A stream of bytes, with what came back and how it ended. */
class RawAgent {
  readonly received: ConnectResponse[] = [];
  ended: Error | 'end' | undefined;
  private readonly stream: ClientDuplexStream<Buffer, ConnectResponse>;
  private readonly client: InstanceType<typeof RawAgents>;
  private look: () => void = () => undefined;

  constructor(port: number) {
    this.client = new RawAgents(`127.0.0.1:${port}`, credentials.createInsecure());
    const connect = this.client['connect']?.bind(this.client);
    this.stream = connect?.(new Metadata()) as unknown as ClientDuplexStream<
      Buffer,
      ConnectResponse
    >;
    this.stream.on('data', (message: ConnectResponse) => {
      this.received.push(message);
      this.look();
    });
    this.stream.on('error', (error) => this.end(error));
    this.stream.on('end', () => this.end('end'));
  }

  send(bytes: Uint8Array): void {
    this.stream.write(Buffer.from(bytes));
  }

  say(message: object): void {
    this.send(ConnectRequest.encode({ message } as ConnectRequest).finish());
  }

  async until(holds: () => boolean): Promise<void> {
    const seen = async () => {
      while (!holds() && this.ended === undefined)
        await new Promise<void>((done) => (this.look = done));
    };
    await within(WAIT_MS, seen(), () => new Error(`waited ${WAIT_MS} ms for ${holds}`));
  }

  /** Everything sent before has been taken once this has been answered. */
  async barrier(name: string): Promise<void> {
    const key = `${name}/no-such-phase/1`;
    this.say({ $case: 'commandResult', value: CommandResult.create({ idempotencyKey: key }) });
    await this.until(() =>
      this.received.some(
        ({ message }) =>
          message?.$case === 'resultRecorded' && message.value.idempotencyKey === key,
      ),
    );
  }

  close(): void {
    this.stream.cancel();
    this.client.close();
  }

  private end(how: Error | 'end'): void {
    this.ended ??= how;
    this.look();
  }
}

const helloOf = (hostName: string, more: object = {}) => ({
  $case: 'hello',
  value: Hello.create({
    hostName,
    backend: Backend.BACKEND_MEMORY,
    machineId: `machine-of-${hostName}`,
    ...more,
  }),
});

async function welcomed(hostName: string, more: object = {}): Promise<RawAgent> {
  const agent = new RawAgent(plane.running.grpcPort);
  agent.say(helloOf(hostName, more));
  await agent.until(() => agent.received.some(({ message }) => message?.$case === 'welcome'));
  expect(agent.ended).toBeUndefined();
  return agent;
}

/** Every answer about this host, as bytes on the wire: JSON without one raw control character. */
async function expectPlainAnswers(): Promise<void> {
  for (const path of [
    '/api/v1/hosts?limit=500',
    '/api/v1/events?limit=500&order=desc',
    '/api/v1/sessions',
  ]) {
    const { status, text } = await plane.ask(path);
    expect({ path, status }).toEqual({ path, status: 200 });
    expect(isPlainText(text)).toBe(true);
    JSON.parse(text, (_key, value: unknown) => {
      if (typeof value === 'string') expect(isPlainText(value, 'many')).toBe(true);
      return value;
    });
  }
}

it('lets a host in whatever its hello says, but for its name and backend', async () => {
  let count = 0;
  await fc.assert(
    fc.asyncProperty(protoMessage('Hello', hostileText), async (said) => {
      count += 1;
      const { hostName: _name, backend: _backend, machineId: _machine, ...more } = said as Hello;
      const agent = await welcomed(`hello-${count}`, more);
      agent.close();
    }),
    { numRuns: 40 },
  );
  await expectPlainAnswers();
}, 120_000);

it('keeps the stream whatever a welcomed agent says, and other hosts online', async () => {
  const bystander = await new ScriptedAgent('bystander').connect(plane.running.grpcPort);
  const agent = await welcomed('talker');
  const said = fc.oneof(
    ...['Heartbeat', 'CommandAccepted', 'CommandResult'].map((name) =>
      protoMessage(name, hostileText).map((value) => ({
        $case: name.charAt(0).toLowerCase() + name.slice(1),
        value,
      })),
    ),
  );
  let count = 0;
  await fc.assert(
    fc.asyncProperty(said, async (message) => {
      agent.say(message);
      await agent.barrier(`said-${(count += 1)}`);
      expect(agent.ended).toBeUndefined();
    }),
    { numRuns: 150 },
  );
  agent.say({
    $case: 'heartbeat',
    value: {
      ...{ sequence: 1n, incarnationId: '', frozen: false },
      workloads: [{ name: 'kv', state: 'serving', detail: 'busy\u0000\ud800', pid: 1 }],
    },
  });
  const written = async () =>
    (await plane.ask<HostResponse>('/api/v1/hosts/talker')).body.workloads[0]?.detail;
  await until('the detail to be written', async () => {
    expect(agent.ended).toBeUndefined();
    return (await written()) === `busy${String.raw`\u0000`}\ufffd` || undefined;
  });
  expect((await plane.ask<HostResponse>('/api/v1/hosts/bystander')).body.state).not.toBe('offline');
  await expectPlainAnswers();
  agent.close();
  bystander.disconnect();
}, 180_000);

it('lets damaged messages cost nothing but themselves', async () => {
  const agent = await welcomed('damaged');
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    // A heartbeat whose text is no UTF-8.
    fc.constant(Uint8Array.of(0x12, 0x05, 0x12, 0x03, 0xff, 0xfe, 0xc0)),
    fc.constant(Uint8Array.of(0x12, 0x7f, 0x00)),
  );
  let count = 0;
  await fc.assert(
    fc.asyncProperty(bytes, async (damaged) => {
      let message: ConnectRequest['message'];
      try {
        ({ message } = ConnectRequest.decode(damaged));
      } catch {
        message = undefined;
      }
      // A second hello is no damage but a breach of the protocol.
      if (message?.$case === 'hello') return;
      agent.send(damaged);
      await agent.barrier(`damaged-${(count += 1)}`);
      expect(agent.ended).toBeUndefined();
    }),
    { numRuns: 80 },
  );
  agent.close();
}, 120_000);

it('tells of a hello that is turned away once for each host, whatever it says', async () => {
  const turnedAway = async (say: (agent: RawAgent) => void) => {
    const agent = new RawAgent(plane.running.grpcPort);
    say(agent);
    await agent.until(() => false);
    agent.close();
    return agent.ended;
  };
  const aside = () =>
    plane.fleet.database.read(
      'read',
      'test',
      (client) =>
        client.$queryRaw<{ subject: string; times: number; told: number }[]>`
        SELECT subject, times, (SELECT count(*)::int FROM events e WHERE e.kind = 'set-aside'
          AND e.data->>'kind' = 'hello' AND e.data->>'subject' = a.subject) AS told
        FROM set_aside a WHERE kind = 'hello' ORDER BY subject`,
    );
  const nameless = await turnedAway((agent) => agent.say(helloOf('no name at all')));
  expect(nameless).toMatchObject({ code: status.INVALID_ARGUMENT });
  await turnedAway((agent) => agent.say(helloOf('no name at all')));
  await turnedAway((agent) => agent.say({ $case: 'commandAccepted', value: {} }));
  await turnedAway((agent) => agent.send(Uint8Array.of(0x0a, 0x7f, 0x00)));
  await plane.fleet.database.read('refuse', 'test', async (client) => {
    await client.$executeRaw`CREATE FUNCTION refuse_marked() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'not this one'; END $$`;
    await client.$executeRaw`CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON hosts FOR EACH ROW
      WHEN (NEW.name LIKE 'marked%') EXECUTE FUNCTION refuse_marked()`;
  });
  const unstorable = [1, 2, 3].map(() => turnedAway((agent) => agent.say(helloOf('marked'))));
  const [sound] = await Promise.all([welcomed('not-refused'), ...unstorable]);
  sound.close();
  expect(await aside()).toEqual([
    { subject: 'marked', times: 3, told: 1 },
    { subject: 'no name at all', times: 2, told: 1 },
    { subject: 'that says no name', times: 2, told: 1 },
  ]);
  const names = fc.sample(fc.string({ minLength: 1, maxLength: 5 }), 600);
  await Promise.all(
    names.map((name) => turnedAway((agent) => agent.say(helloOf(`no-${name}-name!`)))),
  );
  const all = await aside();
  expect(all.length).toBeLessThanOrEqual(520);
  expect(all.reduce((sum, { times }) => sum + times, 0)).toBe(7 + names.length);
  expect((await plane.ask('/metrics')).text).toMatch(/luofleet_set_aside\{kind="hello"\} 607/);
}, 120_000);

it('ends a stream over a message that is too large, with the reason, and no other stream', async () => {
  const bystander = await welcomed('beside-a-large-one');
  const agent = await welcomed('large');
  const send = (bytes: number) => {
    const detail = 'x'.repeat(bytes);
    const reason = { code: 'E', detail, errnoCode: '', errno: 0, subject: '' };
    const value = CommandResult.create({ idempotencyKey: 'large/no-such-phase/1', reason });
    agent.say({ $case: 'commandResult', value });
  };
  send(MESSAGE_BYTES_MAX - 1000);
  await agent.barrier('large');
  send(MESSAGE_BYTES_MAX + 1);
  await agent.until(() => false);
  expect(agent.ended).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: expect.stringContaining(String(MESSAGE_BYTES_MAX)),
  });
  await bystander.barrier('bystander');
  agent.close();
  bystander.close();
}, 60_000);

it('ends a stream on which empty messages take the place of a hello', async () => {
  const agent = new RawAgent(plane.running.grpcPort);
  agent.send(ConnectRequest.encode({ message: undefined }).finish());
  await agent.until(() => false);
  expect(agent.ended).toMatchObject({ code: status.DEADLINE_EXCEEDED });
  agent.close();
});

it('keeps a host whose labels no selector can name, without them, and says so', async () => {
  const labels = { zone: 'zürich', rack: 'r 1', name: 'other', role: 'db', 'a\u0000': 'b' };
  const agent = await welcomed('mislabelled', { labels });
  const { body: host } = await plane.ask<HostResponse>('/api/v1/hosts/mislabelled');
  expect(host).toMatchObject({ labels: { role: 'db' } });
  expect(host.state).not.toBe('offline');
  const { body } = await plane.ask<{ items: { kind: string; message: string }[] }>(
    '/api/v1/events?host=mislabelled',
  );
  const told = body.items.find(({ kind }) => kind === 'host-labels-refused');
  expect(told?.message).toContain('zone=zürich: a label value');
  expect(told?.message).toContain('name=other');
  agent.close();
});
