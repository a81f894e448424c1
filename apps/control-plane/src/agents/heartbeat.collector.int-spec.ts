import fc from 'fast-check';
import { type HostResponse } from '@luofleet/contracts';
import type { WorkloadHealth } from '@luofleet/proto';
import { registerHost, type UnitOfWork } from '@luofleet/persistence';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { introduction } from '../testing/fleet.fixture';
import { HeartbeatCollector } from './heartbeat.collector';

const health = (state: string): WorkloadHealth[] => [{ name: 'kv', state, detail: '', pid: 1 }];

describe('a change of health that can not be written', () => {
  let plane: ControlPlaneFixture;
  let collector: HeartbeatCollector;
  let hostId: string;

  beforeAll(async () => {
    plane = await createControlPlane();
    collector = plane.running.app.get(HeartbeatCollector, { strict: false });
  });
  beforeEach(async () => {
    const { replicaId } = plane.running;
    const host = await plane.fleet.database.transaction('register host', 'kv-1', (unit) =>
      registerHost(unit, introduction('kv-1'), { replicaId, offlineAfterMs: 10_000 }),
    );
    hostId = host.id;
    collector.forget(hostId);
    collector.collect(hostId, health('healthy'), performance.now());
    await collector.flush();
    expect(await storedState()).toBe('healthy');
  });
  afterAll(() => plane.stop());

  const storedState = async () =>
    (await plane.ask<HostResponse>('/api/v1/hosts/kv-1')).body.workloads[0]?.state;
  /** Lets the collector take up what it was asked to write. */
  const taken = () => new Promise(setImmediate);
  /** Somebody else is at the host's row while `work` runs. */
  const whileLocked = (work: () => Promise<void>) =>
    plane.fleet.database.transaction('lock a host', 'kv-1', async (unit: UnitOfWork) => {
      await unit.client.$queryRaw`SELECT FROM hosts WHERE name = 'kv-1' FOR UPDATE`;
      await work();
    });

  it('is written with the next batch', async () => {
    await whileLocked(async () => {
      collector.collect(hostId, health('unhealthy'), performance.now());
      await collector.flush();
      expect(await storedState()).toBe('healthy');
    });
    await collector.flush();
    expect(await storedState()).toBe('unhealthy');
  });

  it('is written also when the host says the same again meanwhile', async () => {
    await whileLocked(async () => {
      collector.collect(hostId, health('unhealthy'), performance.now());
      await collector.flush();
      collector.collect(hostId, health('unhealthy'), performance.now());
      collector.collect(hostId, [], performance.now());
    });
    await collector.flush();
    expect(await storedState()).toBe('unhealthy');
  });

  it('does not stand in the way of what the host says later', async () => {
    await whileLocked(async () => {
      collector.collect(hostId, health('unhealthy'), performance.now());
      const flushed = collector.flush();
      await taken();
      collector.collect(hostId, health('stopped'), performance.now());
      await flushed;
    });
    await collector.flush();
    expect(await storedState()).toBe('stopped');
  });

  it('is dropped with a host that has left', async () => {
    await whileLocked(async () => {
      collector.collect(hostId, health('unhealthy'), performance.now());
      const flushed = collector.flush();
      await taken();
      collector.forget(hostId);
      await flushed;
    });
    await collector.flush();
    expect(await storedState()).toBe('healthy');
  });
});

describe('signs of life of which some can not be stored', () => {
  let plane: ControlPlaneFixture;
  let collector: HeartbeatCollector;
  let hostIds: string[];

  beforeAll(async () => {
    plane = await createControlPlane();
    collector = plane.running.app.get(HeartbeatCollector, { strict: false });
    const names = Array.from({ length: 24 }, (_, index) => `host-${index}`);
    await plane.fleet.hosts(names);
    hostIds = await plane.fleet.database.read('read hosts', 'test', async (client) => {
      await client.$executeRawUnsafe(`UPDATE hosts SET replica_id = '${plane.running.replicaId}'`);
      return (await client.host.findMany({ orderBy: { name: 'asc' } })).map(({ id }) => id);
    });
  });
  afterAll(() => plane.stop());

  it('cost the hosts in question their health, and nobody the sign of life', async () => {
    let round = 0;
    const bad = fc.constantFrom('', '', '', '\u0000', '\ud800');
    await fc.assert(
      fc.asyncProperty(fc.array(bad, { minLength: 24, maxLength: 24 }), async (tails) => {
        round += 1;
        const { hosts, aside } = await plane.fleet.database.read('run', 'test', async (client) => {
          await client.$executeRawUnsafe(`UPDATE hosts SET last_seen_at = NULL, online = false`);
          hostIds.forEach((id, index) =>
            collector.collect(id, health(`${round}${tails[index]}`), performance.now()),
          );
          await collector.flush();
          return {
            hosts: await client.host.findMany(),
            aside: await client.setAside.findMany({ where: { kind: 'health' } }),
          };
        });
        const stateOf = new Map(
          hosts.map(({ id, workloads }) => [id, (workloads as { state: string }[])[0]?.state]),
        );
        expect(hosts.every(({ online, lastSeenAt }) => online && lastSeenAt !== null)).toBe(true);
        tails.forEach((tail, index) => {
          const id = hostIds[index] ?? '';
          if (tail === '') expect(stateOf.get(id)).toBe(String(round));
          else {
            expect(stateOf.get(id)).not.toContain(String(round));
            expect(aside.find(({ hostId }) => hostId === id)?.content).toContain(`"${round}`);
          }
        });
      }),
      { numRuns: 15 },
    );
  });
});
