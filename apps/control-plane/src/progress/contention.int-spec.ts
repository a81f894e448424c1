// Planning while results keep pouring in.
import { applyRollout, updatesOf } from '../testing/rollout.fixture';
import { type ControlPlaneFixture, createControlPlane } from '../testing/control-plane.fixture';
import { RolloutReconciler } from './rollout.reconciler';

describe('reconcile under contention', () => {
  let plane: ControlPlaneFixture;
  beforeAll(async () => {
    plane = await createControlPlane();
    await plane.fleet.release('runtime-1.1.0');
  });
  afterAll(() => plane.stop());

  it('aborts a rollout whose host updates change all the time', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `busy-${index}`);
    await plane.fleet.hosts(names);
    const { id } = await applyRollout(plane, {
      name: 'busy',
      selector: '',
      strategy: { maxConcurrent: 200 },
    });
    const reconciler = plane.running.app.get(RolloutReconciler);
    expect(await reconciler.reconcile(id)).toHaveLength(200);
    const enough = new AbortController();
    const results = Array.from({ length: 3 }, () => keepChanging(id, enough.signal));
    try {
      await plane.ask('/api/v1/rollouts/busy/abort', { method: 'POST' });
    } finally {
      enough.abort();
      await Promise.all(results);
    }
    const states = (await updatesOf(plane, 'busy')).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['rolling-back']));
  });

  /** Touches one host update after the other, as results do. */
  async function keepChanging(rolloutId: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted)
      await plane.fleet.database.read('change a host update', 'test', (client) => {
        return client.$executeRaw`
          UPDATE host_updates SET version = version + 1 WHERE id =
            (SELECT id FROM host_updates WHERE rollout_id = ${rolloutId}::uuid ORDER BY random() LIMIT 1)`;
      });
  }
});
