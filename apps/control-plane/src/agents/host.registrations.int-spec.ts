// A whole fleet connects at once.
import { type HostResponse } from '@luofleet/contracts';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { introduction } from '../testing/fleet.fixture';
import { HostRegistrations } from './host.registrations';

describe('hosts that register at the same time', () => {
  let plane: ControlPlaneFixture;
  let registrations: HostRegistrations;

  beforeAll(async () => {
    plane = await createControlPlane();
    registrations = plane.running.app.get(HostRegistrations, { strict: false });
  });
  afterAll(() => plane.stop());

  /** How many transactions have written rows of hosts. */
  const transactions = () =>
    plane.fleet.database.read('count transactions', 'hosts', async (client) => {
      const [row] = await client.$queryRaw<{ count: bigint }[]>`
        SELECT count(DISTINCT xmin::text) AS count FROM hosts`;
      return Number(row?.count);
    });

  it('take few transactions, and each is told what it is', async () => {
    await plane.fleet.database.read('decommission', 'gone', async (client) => {
      await client.$executeRaw`
        INSERT INTO hosts (id, name, backend, decommissioned_at) VALUES (gen_random_uuid(), 'gone', 'memory', now())`;
    });
    const names = [...Array.from({ length: 300 }, (_, index) => `host-${index}`), 'gone'];
    const registered = await Promise.all(
      names.map((name) => registrations.register(introduction(name, { name }))),
    );
    expect(new Set(registered.map(({ id }) => id)).size).toBe(301);
    expect(registered.filter(({ decommissioned }) => decommissioned)).toHaveLength(1);
    expect(registered.at(-1)?.decommissioned).toBe(true);
    expect(await transactions()).toBeLessThanOrEqual(6);
    const { body } = await plane.ask<HostResponse>('/api/v1/hosts/host-77');
    expect(body).toMatchObject({
      id: registered[77]?.id,
      state: 'online',
      labels: { name: 'host-77' },
      handlers: ['memfd-v1'],
      runningVersion: '1.0.0',
    });
    const again = await registrations.register(introduction('host-77'));
    expect(again).toMatchObject({
      id: registered[77]?.id,
      isNew: false,
      previousReplicaId: plane.running.replicaId,
    });
  });

  it('are not kept out by one that Postgres does not take', async () => {
    const bad = { ...introduction('bad'), labels: { rack: 'a\0b' } };
    const results = await Promise.allSettled([
      registrations.register(introduction('first')),
      registrations.register(introduction('second')),
      registrations.register(bad),
      registrations.register(introduction('third')),
    ]);
    const [fulfilled, rejected] = ['fulfilled', 'rejected'];
    expect(results.map(({ status }) => status)).toEqual([
      ...[fulfilled, fulfilled, rejected, fulfilled],
    ]);
  });

  it('are not kept out by one that somebody else holds', async () => {
    const register = (name: string) => registrations.register(introduction(name));
    await register('held');
    const results = await plane.fleet.database.transaction('hold', 'held', async (unit) => {
      await unit.client.$queryRaw`SELECT id FROM hosts WHERE name = 'held' FOR UPDATE`;
      // The first is alone in its batch; the others come together.
      const all = ['alone', 'held', 'beside-1', 'beside-2', 'beside-3'].map(register);
      // It takes as long as it takes; the holder must not idle for too long meanwhile.
      const settled = Promise.allSettled(all);
      let isOver = false;
      void settled.then(() => (isOver = true));
      while (!isOver) await unit.client.$executeRaw`SELECT pg_sleep(0.1)`;
      return settled;
    });
    expect(results.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
    ]);
    expect(results[1]).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    expect((await register('held')).isNew).toBe(false);
  });
});
