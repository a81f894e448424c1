import Redis from 'ioredis';

import { Fleet } from './harness/fleet.harness';
import { until } from '@luofleet/testkit';

/** Waits until some host update of the rollout has started and some has not ended. */
async function midRollout(fleet: Fleet, id: string): Promise<void> {
  await until('the rollout to be on its way', async () => {
    const { hosts } = await fleet.rest.get(`/rollouts/${id}`);
    const succeeded = hosts.byState.succeeded ?? 0;
    return succeeded >= 1 && succeeded < hosts.total ? true : undefined;
  });
}

describe('what the control plane loses', () => {
  let fleet: Fleet;
  beforeEach(async () => {
    fleet = await Fleet.start({ hosts: 4 });
  });
  afterEach(async () => fleet?.stop());

  const strategy = { waves: [1, 1, 1], maxConcurrent: 1, soak: '500ms' };

  async function expectAllUpdatedOnce(id: string, hashes: string[]): Promise<void> {
    const rollout = await fleet.waitForRollout(id, ['succeeded', 'failed', 'paused']);
    expect(rollout.state).toBe('succeeded');
    const updates = await fleet.updatesByHost(id);
    for (const update of updates.values()) {
      expect(update.state).toBe('succeeded');
      expect(update.attempt).toBe(1);
    }
    expect(await Promise.all(fleet.hosts.map(async (host) => host.kv.hash()))).toEqual(hashes);
  }

  it('goes on after the control plane was killed mid-rollout and started again', async () => {
    const hashes = await Promise.all(fleet.hosts.map(async (host) => host.kv.hash()));
    const id = await fleet.applyRollout(strategy);
    await midRollout(fleet, id);
    await fleet.controlPlane.kill();
    await fleet.startControlPlane();
    await expectAllUpdatedOnce(id, hashes);
  });

  it('rebuilds its queues from Postgres after Redis was emptied mid-rollout', async () => {
    const hashes = await Promise.all(fleet.hosts.map(async (host) => host.kv.hash()));
    const id = await fleet.applyRollout(strategy);
    await midRollout(fleet, id);
    const redis = new Redis(process.env.REDIS_URL ?? '');
    await redis.flushall();
    await redis.quit();
    await expectAllUpdatedOnce(id, hashes);
  });
});
