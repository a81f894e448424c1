// Nobody watches for longer than a phase may take: replicas, Postgres or Redis are away, or all of them are stopped. Time
// passes in the record: every time in it is put back, which is the same to whoever reads the database's clock.
import {
  type Beat,
  beat,
  markSilentOffline,
  type UnitOfWork,
  touchHosts,
  writeHostUpdates,
} from '@luofleet/persistence';
import { HeartbeatCollector } from '../agents/heartbeat.collector';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { applyRollout, updatesOf } from '../testing/rollout.fixture';
import { FleetWatch } from './fleet.watch';
import { RolloutReconciler } from '../progress/rollout.reconciler';

const OFFLINE_AFTER_S = 10;
const PREFLIGHT_S = 30;

describe('a control plane that did not look', () => {
  let plane: ControlPlaneFixture;
  let watch: FleetWatch;
  let reconciler: RolloutReconciler;

  beforeAll(async () => {
    plane = await createControlPlane({ OFFLINE_AFTER_MS: `${OFFLINE_AFTER_S}000` });
    await plane.fleet.release('runtime-1.1.0');
    reconciler = plane.running.app.get(RolloutReconciler, { strict: false });
    watch = plane.running.app.get(FleetWatch, { strict: false });
    // From here on only tests beat.
    await watch.beforeApplicationShutdown();
  });
  beforeEach(async () => {
    await beatAs({});
    await passTime(OFFLINE_AFTER_S, { watched: true });
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => plane.stop());

  const sql = <T>(work: (client: UnitOfWork['client']) => Promise<T>) =>
    plane.fleet.database.read('test', 'record', work);
  const beatAs = (given: Partial<Beat>) =>
    beat(plane.fleet.database, {
      ...{ replicaId: 'api-1', role: 'api', hears: true, reaches: true },
      ...{ graceMs: OFFLINE_AFTER_S * 1000, ...given },
    });
  const passTime = (seconds: number, { watched }: { watched: boolean }) =>
    sql(async (client) => {
      await client.$executeRaw`UPDATE host_updates SET deadline_at = deadline_at - ${seconds} * interval '1 s'`;
      await client.$executeRaw`UPDATE commands SET created_at = created_at - ${seconds} * interval '1 s'`;
      await client.$executeRaw`UPDATE rollouts SET created_at = created_at - ${seconds} * interval '1 s'`;
      await client.$executeRaw`UPDATE hosts SET last_seen_at = last_seen_at - ${seconds} * interval '1 s'`;
      await client.$executeRaw`
        UPDATE fleet_watch SET silence_from = silence_from - ${seconds} * interval '1 s',
          deadlines_from = deadlines_from - ${seconds} * interval '1 s'`;
      if (watched)
        await client.$executeRaw`UPDATE fleet_watch SET heard_at = now(), reached_at = now()`;
      else
        await client.$executeRaw`
          UPDATE fleet_watch SET heard_at = now() - ${seconds} * interval '1 s',
            reached_at = now() - ${seconds} * interval '1 s'`;
      await client.$executeRaw`
        UPDATE replicas SET seen_at = CASE WHEN ${watched} THEN now() ELSE now() - ${seconds} * interval '1 s' END`;
    });

  /** A rollout whose only host was asked for preflight and has not answered. */
  async function started(name: string): Promise<string> {
    await plane.fleet.hosts([name], () => ({ test: name }));
    const { id } = await applyRollout(plane, {
      name,
      selector: `test=${name}`,
      strategy: { phaseTimeouts: { preflight: `${PREFLIGHT_S}s` } },
    });
    expect(await reconciler.reconcile(id)).toHaveLength(1);
    return id;
  }
  const stateAfterReconcile = async (name: string, id: string) => {
    await passTime(0, { watched: true });
    await reconciler.reconcile(id);
    return (await updatesOf(plane, name))[0]?.state;
  };
  const stateUnwatched = async (name: string, id: string) => {
    await reconciler.reconcile(id);
    return (await updatesOf(plane, name))[0]?.state;
  };
  const secondsLeft = (name: string) =>
    sql(async (client) => {
      const [row] = await client.$queryRaw<{ left: number }[]>`
        SELECT extract(epoch FROM deadline_at - clock_timestamp())::float8 AS left
        FROM host_updates hu JOIN hosts h ON h.id = hu.host_id WHERE h.name = ${name}`;
      return row?.left ?? NaN;
    });
  /** As many seconds as that, give or take what a slow machine takes. */
  const expectLeft = async (name: string, seconds: number) => {
    const left = await secondsLeft(name);
    expect(left).toBeLessThanOrEqual(seconds + 5);
    expect(left).toBeGreaterThan(seconds - 8);
  };

  const askedLongAgo = () =>
    sql((client) => client.$executeRaw`UPDATE commands SET created_at = now() - interval '1 h'`);

  it('judges by deadlines as long as somebody looks', async () => {
    const id = await started('watched');
    await passTime(PREFLIGHT_S - 15, { watched: true });
    expect(await stateAfterReconcile('watched', id)).toBe('running');
    await passTime(20, { watched: true });
    expect(await stateAfterReconcile('watched', id)).toBe('rolling-back');
  });

  it('calls no deadline over before the gap is closed, and then leaves what was left of it', async () => {
    const id = await started('away');
    await passTime(10, { watched: true });
    await passTime(10 * PREFLIGHT_S, { watched: false });
    expect(await stateUnwatched('away', id)).toBe('running');
    expect((await beatAs({})).reachedMs).toBeGreaterThan(PREFLIGHT_S * 1000);
    await expectLeft('away', PREFLIGHT_S - 10);
    expect(await stateAfterReconcile('away', id)).toBe('running');
    await passTime(PREFLIGHT_S, { watched: true });
    expect(await stateAfterReconcile('away', id)).toBe('rolling-back');
  });

  it('gives hosts time to say what they have to, however little of their deadline was left', async () => {
    const id = await started('nearly');
    await passTime(PREFLIGHT_S, { watched: false });
    await sql(
      (client) => client.$executeRaw`UPDATE host_updates SET deadline_at = now() - interval '29 s'
      WHERE rollout_id = ${id}::uuid`,
    );
    await beatAs({});
    await passTime(5, { watched: true });
    expect(await secondsLeft('nearly')).toBeLessThan(0);
    expect(await stateAfterReconcile('nearly', id)).toBe('running');
    await passTime(OFFLINE_AFTER_S, { watched: true });
    expect(await stateAfterReconcile('nearly', id)).toBe('rolling-back');
  });

  it('does not count a worker that judges while no replica serves agents', async () => {
    const id = await started('api-away');
    await passTime(2 * PREFLIGHT_S, { watched: false });
    expect((await beatAs({ replicaId: 'worker-1', hears: false, reaches: false })).heardMs).toBe(0);
    expect(await stateUnwatched('api-away', id)).toBe('running');
  });

  it('does not count replicas that have lost Redis, which hear hosts and do not reach them', async () => {
    const id = await started('redis-away');
    await passTime(2 * PREFLIGHT_S, { watched: false });
    expect(await beatAs({ reaches: false })).toMatchObject({ reachedMs: 0 });
    expect(await stateUnwatched('redis-away', id)).toBe('running');
    await expectLeft('redis-away', -PREFLIGHT_S);
    await beatAs({});
    await expectLeft('redis-away', PREFLIGHT_S);
  });

  it('gives the hosts of one silent replica time, and no others', async () => {
    const id = await started('of-the-silent');
    await started('of-another');
    await askedLongAgo();
    await sql(
      (client) =>
        client.$executeRaw`UPDATE hosts SET replica_id = 'silent' WHERE name = 'of-the-silent'`,
    );
    await beatAs({ replicaId: 'silent' });
    await sql(
      (client) => client.$executeRaw`
      UPDATE replicas SET seen_at = now() - interval '20 s' WHERE id = 'silent'`,
    );
    expect((await beatAs({})).silentReplicas).toEqual(['silent']);
    await expectLeft('of-the-silent', PREFLIGHT_S + 20);
    await expectLeft('of-another', PREFLIGHT_S);
    expect((await beatAs({})).silentReplicas).toEqual([]);
    expect(await stateAfterReconcile('of-the-silent', id)).toBe('running');
  });

  it('does not add up the grace of a replica whose beats are late again and again', async () => {
    await started('of-the-late');
    await askedLongAgo();
    await sql(
      (client) =>
        client.$executeRaw`UPDATE hosts SET replica_id = 'late' WHERE name = 'of-the-late'`,
    );
    for (let gaps = 0; gaps < 4; gaps += 1) {
      await beatAs({ replicaId: 'late' });
      await sql(
        (client) =>
          client.$executeRaw`UPDATE replicas SET seen_at = now() - interval '3 s' WHERE id = 'late'`,
      );
      expect((await beatAs({})).silentReplicas).toEqual(['late']);
    }
    await expectLeft('of-the-late', PREFLIGHT_S + 4 * 3);
  });

  it('still judges hosts where nobody looks for a moment again and again', async () => {
    const id = await started('stutter');
    await passTime(PREFLIGHT_S + 5, { watched: true });
    await beatAs({});
    await passTime(3, { watched: false });
    await beatAs({});
    await passTime(OFFLINE_AFTER_S - 3, { watched: true });
    await passTime(3, { watched: false });
    await beatAs({});
    expect(await stateAfterReconcile('stutter', id)).toBe('running');
    await passTime(5, { watched: true });
    expect(await stateAfterReconcile('stutter', id)).toBe('rolling-back');
  });

  it('moves no deadline by time that passed before it was set', async () => {
    await passTime(100 * PREFLIGHT_S, { watched: false });
    await started('early');
    await beatAs({});
    await expectLeft('early', PREFLIGHT_S);
    await sql(
      (client) =>
        client.$executeRaw`UPDATE fleet_watch SET heard_at = 'epoch', reached_at = 'epoch'`,
    );
    await started('before-any-watch');
    await beatAs({});
    await expectLeft('before-any-watch', PREFLIGHT_S);
  });

  it('moves also how long a host that has not started is waited for', async () => {
    await started('awaited');
    await sql(
      (client) =>
        client.$executeRaw`
      UPDATE host_updates SET state = 'pending', deadline_at = now() + interval '40 s'
      WHERE host_id = (SELECT id FROM hosts WHERE name = 'awaited')`,
    );
    await passTime(20, { watched: false });
    await beatAs({});
    await expectLeft('awaited', 40);
  });

  it('lets no deadline be born over when it stalls between its decision and the record', async () => {
    await started('stalled');
    const { database } = plane.fleet;
    const [row] = await sql(
      (client) => client.$queryRaw<{ id: string; version: number }[]>`
      SELECT hu.id, hu.version FROM host_updates hu JOIN hosts h ON h.id = hu.host_id WHERE h.name = 'stalled'`,
    );
    const decidedAtMs = Date.now() - 60_000;
    await database.transaction('store', 'late', (unit) =>
      writeHostUpdates(
        unit,
        [
          {
            ...{ id: row?.id ?? '', version: row?.version ?? 0, attempt: 1, finishTries: 0 },
            ...{ generation: 1n, abortRequested: false },
            state: { kind: 'running', phase: 'preserve', deadlineAtMs: decidedAtMs + 15_000 },
          },
        ],
        decidedAtMs,
      ),
    );
    await expectLeft('stalled', 15);
  });

  it.each([-12_000, 12_000, 86_400_000])(
    'keeps live hosts online and deadlines right with a clock that is %d ms off',
    async (skewMs) => {
      const { now } = Date;
      jest.spyOn(Date, 'now').mockImplementation(() => now() + skewMs);
      const name = `skewed${skewMs}`;
      const id = await started(name);
      await expectLeft(name, PREFLIGHT_S);
      const collector = plane.running.app.get(HeartbeatCollector, { strict: false });
      const [host] = await sql(
        (client) => client.$queryRaw<{ id: string }[]>`
        UPDATE hosts SET replica_id = ${plane.running.replicaId} WHERE name = ${name} RETURNING id`,
      );
      for (let sweeps = 0; sweeps < 5; sweeps += 1) {
        collector.collect(host?.id ?? '', [], performance.now());
        await collector.flush();
        await passTime(0, { watched: true });
        await sweep();
        expect(await hostState(name)).toBe('online');
      }
      expect(await stateAfterReconcile(name, id)).toBe('running');
    },
  );

  it('takes silent hosts offline, but not those that nobody could hear', async () => {
    await plane.fleet.hosts(['silent-1']);
    await passTime(OFFLINE_AFTER_S + 5, { watched: false });
    await sweep();
    expect(await hostState('silent-1')).toBe('online');
    await beatAs({});
    await sweep();
    expect(await hostState('silent-1')).toBe('online');
    await passTime(OFFLINE_AFTER_S, { watched: true });
    await sweep();
    expect(await hostState('silent-1')).toBe('offline');
  });

  describe('a sign of life that is written late', () => {
    /** A host of this replica that was heard of as many seconds ago as that, and its sign that is so old. */
    const lateSign = async (name: string, heardS: number, ageS: number) => {
      const [hostId = ''] = await plane.fleet.hosts([name]);
      await sql(
        (client) => client.$executeRaw`
        UPDATE hosts SET last_seen_at = clock_timestamp() - ${heardS} * interval '1 s' WHERE name = ${name}`,
      );
      return { hostId, atMs: performance.now() - ageS * 1000 };
    };
    const write = (sign: { hostId: string; atMs: number }) =>
      plane.fleet.database.transaction('write', 'late sign', (unit) =>
        touchHosts(unit, [sign], { replicaId: 'fixture', offlineAfterMs: OFFLINE_AFTER_S * 1000 }),
      );
    const sweepNow = async () => {
      await passTime(0, { watched: true });
      await sweep();
    };
    const heardSecondsAgo = (name: string) =>
      sql(async (client) => {
        const [row] = await client.$queryRaw<{ ago: number }[]>`
          SELECT extract(epoch FROM clock_timestamp() - last_seen_at)::float8 AS ago FROM hosts WHERE name = ${name}`;
        return row?.ago ?? NaN;
      });

    it('says when the host was heard of, not when that was written', async () => {
      await write(await lateSign('late-sign', 120, 60));
      expect(await heardSecondsAgo('late-sign')).toBeGreaterThan(59);
      await sweepNow();
      expect(await hostState('late-sign')).toBe('offline');
    });

    it('takes back nothing that was heard after it', async () => {
      await write(await lateSign('newer', 0, 60));
      await sweepNow();
      expect(await hostState('newer')).toBe('online');
    });

    it('says when the host was heard of although the writer stalls in the middle', async () => {
      const { hostId } = await lateSign('stalls', 120, 0);
      const atMs = performance.now();
      await plane.fleet.database.transaction('write', 'stalled sign', async (unit) => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
        await touchHosts(unit, [{ hostId, atMs }], { replicaId: 'fixture', offlineAfterMs: 1000 });
      });
      expect(await heardSecondsAgo('stalls')).toBeGreaterThan(1.4);
    });

    it.each([
      ['that has been silent for too long', 120, OFFLINE_AFTER_S + 50, 'offline'],
      ['of which the record has heard later', 3, 5, 'offline'],
      ['that nobody has heard of since', 8, 5, 'online'],
    ])('finds a host offline %s', async (_which, heardS, ageS, then) => {
      const sign = await lateSign(`host-${heardS}-${ageS}`, heardS, ageS);
      await sql(
        (client) => client.$executeRaw`
        UPDATE hosts SET online = false, replica_id = NULL WHERE id = ${sign.hostId}::uuid`,
      );
      await write(sign);
      expect(await hostState(`host-${heardS}-${ageS}`)).toBe(then);
    });
  });

  const hostState = async (name: string) =>
    (await plane.ask<{ state: string }>(`/api/v1/hosts/${name}`)).body.state;
  const sweep = () =>
    plane.fleet.database.transaction('sweep', 'hosts', (unit) =>
      markSilentOffline(unit, OFFLINE_AFTER_S * 1000),
    );
});
