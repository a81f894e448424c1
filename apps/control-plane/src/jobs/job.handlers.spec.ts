import { randomUUID } from 'node:crypto';
import type { JobQueue } from '@luofleet/queue';
import type { FollowUps } from '../progress/follow-ups';
import { ReconcileJobHandler } from './job.handlers';
import type { RolloutReconciler } from '../progress/rollout.reconciler';

/** A handler whose reconciler answers what and when a test says. */
function handlerWith(reconcile: RolloutReconciler['reconcile']) {
  const added: unknown[][] = [];
  const jobs = { add: (...job: unknown[]) => Promise.resolve(void added.push(job)) };
  const handler = new ReconcileJobHandler(
    { reconcile } as RolloutReconciler,
    { deliverSoon: (issued: unknown) => jobs.add('phase', issued) } as FollowUps,
    jobs as unknown as JobQueue,
  );
  return { handler, added };
}

describe('a reconcile job', () => {
  const rolloutId = randomUUID();

  it('does not wait for a run of the same rollout, which has one more follow', async () => {
    let finish = (): void => undefined;
    const done = new Promise<[]>((resolve) => (finish = () => resolve([])));
    let runs = 0;
    const { handler, added } = handlerWith(() => {
      runs += 1;
      return done;
    });
    const first = handler.run({ rolloutId });
    await handler.run({ rolloutId });
    await handler.run({ rolloutId });
    expect([runs, added]).toEqual([1, []]);
    const other = handler.run({ rolloutId: randomUUID() });
    expect(runs).toBe(2);
    finish();
    await Promise.all([first, other]);
    expect(added.filter(([name]) => name === 'reconcile')).toEqual([
      ['reconcile', [{ rolloutId }]],
    ]);
  });

  it('has one more follow also when it fails', async () => {
    let fail = (): void => undefined;
    const failing = new Promise<[]>((_, reject) => (fail = () => reject(new Error('away'))));
    const { handler, added } = handlerWith(() => failing);
    const first = handler.run({ rolloutId });
    await handler.run({ rolloutId });
    fail();
    await expect(first).rejects.toThrow('away');
    expect(added).toEqual([['reconcile', [{ rolloutId }]]]);
  });

  it('comes back later to a rollout that another process is at', async () => {
    const { handler, added } = handlerWith(() => Promise.resolve('locked'));
    await handler.run({ rolloutId });
    expect(added).toEqual([['reconcile', [{ rolloutId }], { delayMs: 100 }]]);
  });
});
