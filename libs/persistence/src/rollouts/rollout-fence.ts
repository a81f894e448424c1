/**
 * DOC: the fence
 *
 * Purpose: once an abort is stored, nothing that leads towards the blackout is asked of a host any more.
 *
 * Happy path: whoever issues such commands passes the fence and reads the rollout's state in the same transaction; many
 * pass at once. Whoever aborts raises it, which waits for those who are passing and makes later ones wait: they then
 * see the abort.
 *
 * Ordering: taken before the rollout's row, and released with the transaction. It is not the row's own lock, because
 * results that keep coming would keep the planner, which never waits for that lock, from ever getting it.
 */
import type { RolloutKind } from '@luofleet/rollout';
import type { UnitOfWork } from '../database/unit-of-work';

/** Passes the fence until the transaction ends. Returns the rollout's state as it stays until then, as far as aborts go. */
export async function passFence(unit: UnitOfWork, rolloutId: string): Promise<RolloutKind> {
  await unit.client
    .$executeRaw`SELECT pg_advisory_xact_lock_shared(hashtextextended('rollout_fence:' || ${rolloutId}::text, 0))`;
  const [rollout] = await unit.client.$queryRaw<{ state: RolloutKind }[]>`
    SELECT state FROM rollouts WHERE id = ${rolloutId}::uuid`;
  if (!rollout) throw new Error(`rollout ${rolloutId} vanished while it was read`);
  return rollout.state;
}

/** Lets nobody pass until the transaction ends; waits for those who are passing. */
export async function raiseFence(unit: UnitOfWork, rolloutId: string): Promise<void> {
  await unit.client
    .$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('rollout_fence:' || ${rolloutId}::text, 0))`;
}
