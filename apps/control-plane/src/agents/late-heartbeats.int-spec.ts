import type { Command } from '@luofleet/proto';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout } from '../testing/rollout.fixture';
import { ScriptedAgent, succeed } from '../testing/scripted-agent';
import { HeartbeatCollector } from './heartbeat.collector';

describe('heartbeats that wait behind a result', () => {
  let plane: ControlPlaneFixture;
  const agents: ScriptedAgent[] = [];

  beforeAll(async () => {
    plane = await createControlPlane({ HEARTBEAT_INTERVAL_MS: '100' }, 'all');
    await plane.fleet.release('runtime-1.1.0');
  });
  afterAll(async () => {
    for (const agent of agents) agent.disconnect();
    await plane.stop();
  });

  const agentOf = (name: string, beats: boolean) => {
    const agent = new ScriptedAgent(name, () => null, { labels: { name } });
    agents.push(agent);
    agent.beats = beats;
    return agent.connect(plane.running.grpcPort);
  };
  const seenAtMs = (name: string) =>
    plane.fleet.database.read('look', 'hosts', async (client) =>
      Number((await client.host.findFirst({ where: { name } }))?.lastSeenAt),
    );

  it('count as heard when they came, not when the result was stored at last', async () => {
    const witness = await agentOf('witness', true);
    const agent = await agentOf('waits', false);
    await applyRollout(plane, { name: 'waits', selector: 'name=waits', strategy: {} });
    await agent.until(() => agent.commands.length > 0);
    const command = agent.commands[0] as Command;
    const key = { idempotencyKey: command.idempotencyKey };
    const lastAtMs = await plane.fleet.database.transaction('hold', 'command', async (unit) => {
      await unit.client
        .$queryRaw`SELECT FROM commands WHERE idempotency_key = ${command.idempotencyKey} FOR UPDATE`;
      agent.answer(command, succeed(command) ?? {});
      for (let beats = 0; beats < 3; beats += 1) agent.heartbeat();
      // Of a command that nobody has issued: answered at once, after all that was sent before it.
      agent.answer({ ...command, idempotencyKey: 'fence' }, {});
      const from = await seenAtMs('witness');
      let seen = from;
      while (seen < from + 1500) seen = await seenAtMs('witness');
      return seen;
    });
    await agent.until(() => agent.recorded.includes('fence'));
    expect(agent.recorded).toContain(key.idempotencyKey);
    await plane.running.app.get(HeartbeatCollector, { strict: false }).flush();
    expect(await seenAtMs('waits')).toBeLessThan(lastAtMs - 500);
    expect(witness.ended).toBe(false);
  });
});
