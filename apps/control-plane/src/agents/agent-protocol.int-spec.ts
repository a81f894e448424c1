import { randomUUID } from 'node:crypto';
import { credentials, status } from '@grpc/grpc-js';
import { AgentServiceClient, Backend, Outcome, Phase } from '@luofleet/proto';
import { createControlPlane, type ControlPlaneFixture } from '../testing/control-plane.fixture';
import { applyRollout, rolloutIn } from '../testing/rollout.fixture';
import { ScriptedAgent, succeed } from '../testing/scripted-agent';

describe('agents and their streams', () => {
  let plane: ControlPlaneFixture;
  const agents: ScriptedAgent[] = [];
  const agent = (name: string, ...rest: [] | [ConstructorParameters<typeof ScriptedAgent>[1]]) => {
    const created = new ScriptedAgent(name, rest[0] ?? succeed, { labels: { name } });
    agents.push(created);
    return created;
  };

  beforeAll(async () => {
    plane = await createControlPlane(
      { SWEEP_INTERVAL_MS: '200', HEARTBEAT_INTERVAL_MS: '200', OFFLINE_AFTER_MS: '2000' },
      'all',
    );
    await plane.fleet.release('runtime-1.1.0');
  });
  afterAll(async () => {
    for (const each of agents) each.disconnect();
    await plane.stop();
  });

  const hostState = async (name: string) =>
    (await plane.ask<{ state: string }>(`/api/v1/hosts/${name}`)).body.state;

  it('ends a stream that does not begin with a valid hello', async () => {
    const address = `127.0.0.1:${plane.running.grpcPort}`;
    const client = new AgentServiceClient(address, credentials.createInsecure());
    const codeAfter = (message: Parameters<ReturnType<typeof client.connect>['write']>[0]) =>
      new Promise<number>((resolve) => {
        const stream = client.connect();
        stream.on('error', (error: Error & { code?: number }) => resolve(error.code ?? -1));
        stream.on('data', () => undefined);
        stream.write(message);
      });
    expect(
      await codeAfter({ message: { $case: 'commandAccepted', value: { idempotencyKey: 'x' } } }),
    ).toBe(status.INVALID_ARGUMENT);
    const nameless = await new ScriptedAgent('', succeed).connect(plane.running.grpcPort);
    expect(nameless.hostId).toBe('');
    const backendless = new ScriptedAgent('h', succeed, { backend: Backend.BACKEND_UNSPECIFIED });
    expect((await backendless.connect(plane.running.grpcPort)).hostId).toBe('');
    client.close();
  });

  it('lets a newer stream take the place of an older one', async () => {
    const older = await agent('twice').connect(plane.running.grpcPort);
    const newer = await agent('twice').connect(plane.running.grpcPort);
    await older.until(() => older.ended);
    expect(older.goodbyes).toEqual(['SUPERSEDED']);
    expect(newer.hostId).toBe(older.hostId);
    expect(await hostState('twice')).toBe('online');
  });

  it('takes a host offline when its stream ends or it falls silent, and back', async () => {
    const cut = await agent('cut').connect(plane.running.grpcPort);
    cut.disconnect();
    const silent = agent('silent');
    silent.beats = false;
    await silent.connect(plane.running.grpcPort);
    for (const host of ['cut', 'silent']) await eventOf(plane, host, 'host-offline');
    expect(await hostState('cut')).toBe('offline');
    expect(await hostState('silent')).toBe('offline');
    silent.heartbeat();
    await eventOf(plane, 'silent', 'host-online');
    expect(await hostState('silent')).toBe('online');
  });

  it('acknowledges results it cannot use, and changes nothing for a repeated one', async () => {
    const host = await agent('repeats').connect(plane.running.grpcPort);
    await applyRollout(plane, { name: 'repeats', selector: 'name=repeats', strategy: {} });
    await rolloutIn(plane, 'repeats', 'succeeded');
    const before = await plane.ask<{ items: unknown[] }>(
      '/api/v1/events?rollout=repeats&limit=500',
    );
    const [preflight] = host.commands;
    if (!preflight) throw new Error('no command came');
    const acknowledged = host.recorded.length;
    host.answer(preflight, {});
    const stray = { ...preflight, idempotencyKey: `${randomUUID()}/preflight/1` };
    host.answer(stray, { outcome: Outcome.OUTCOME_SUCCEEDED });
    await host.until(() => host.recorded.length === acknowledged + 2);
    expect(host.recorded.slice(acknowledged)).toEqual([
      preflight.idempotencyKey,
      stray.idempotencyKey,
    ]);
    const after = await plane.ask<{ items: unknown[] }>('/api/v1/events?rollout=repeats&limit=500');
    expect(after.body.items).toEqual(before.body.items);
  });

  it('drops a result that another host sends', async () => {
    const owner = await agent('owner', ({ phase }) =>
      phase === Phase.PHASE_PREFLIGHT ? null : { outcome: Outcome.OUTCOME_SUCCEEDED },
    ).connect(plane.running.grpcPort);
    const thief = await agent('thief').connect(plane.running.grpcPort);
    await applyRollout(plane, { name: 'owner', selector: 'name=owner', strategy: {} });
    await owner.until(() => owner.commands.length > 0);
    const [preflight] = owner.commands;
    if (!preflight) throw new Error('no command came');
    thief.answer(preflight, { outcome: Outcome.OUTCOME_FAILED });
    await thief.until(() => thief.recorded.includes(preflight.idempotencyKey));
    owner.answer(preflight, { outcome: Outcome.OUTCOME_SUCCEEDED });
    await rolloutIn(plane, 'owner', 'succeeded');
  });

  it('sends open commands again after a broken stream; none is carried out twice', async () => {
    let answers = false;
    const host = await agent('reconnects', (command) =>
      command.phase === Phase.PHASE_FREEZE && !answers ? null : succeed(command),
    ).connect(plane.running.grpcPort);
    await applyRollout(plane, { name: 'reconnects', selector: 'name=reconnects', strategy: {} });
    await host.until(() => host.phases().includes('freeze'));
    host.disconnect();
    await host.until(() => host.ended);
    answers = true;
    const freeze = host.commands.filter(({ phase }) => phase === Phase.PHASE_FREEZE);
    expect(freeze).toHaveLength(1);
    await host.connect(plane.running.grpcPort);
    await rolloutIn(plane, 'reconnects', 'succeeded');
    const again = host.commands.filter(({ phase }) => phase === Phase.PHASE_FREEZE);
    expect(again.map(({ idempotencyKey }) => idempotencyKey)).toEqual(
      Array(again.length).fill(freeze[0]?.idempotencyKey),
    );
    expect(new Set(host.recorded).size).toBe(7);
  });

  it('says goodbye to every stream when it stops', async () => {
    const other = await createControlPlane({}, 'api');
    const host = await new ScriptedAgent('drained').connect(other.running.grpcPort);
    await Promise.all([other.stop(), host.until(() => host.ended)]);
    expect(host.goodbyes).toEqual(['DRAINING']);
  });
});

/** Waits until an event of this kind was recorded about the host. */
async function eventOf(plane: ControlPlaneFixture, host: string, kind: string): Promise<void> {
  const watch = new AbortController();
  const stream = await fetch(`${plane.baseUrl}/api/v1/events/stream?host=${host}&after=0`, {
    signal: watch.signal,
  });
  let text = '';
  try {
    for await (const chunk of stream.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.includes(`"${kind}"`)) return;
    }
  } finally {
    watch.abort();
  }
  throw new Error(`the event stream ended before ${kind} of ${host}`);
}
