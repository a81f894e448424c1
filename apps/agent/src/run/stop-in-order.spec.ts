import { setTimeout as delay } from 'node:timers/promises';
import { stopInOrder } from './stop-in-order';

const never = () => new Promise<void>(() => undefined);

describe('stopInOrder', () => {
  const partsOf = (closeExecutor: () => Promise<void>) => {
    const done: string[] = [];
    const parts = {
      closeLink: () => void done.push('link'),
      closeExecutor: async () => {
        await closeExecutor();
        done.push('executor');
      },
      stopWorkloads: async () => {
        await delay(1);
        done.push('workloads');
      },
      closeRest: () => void done.push('rest'),
    };
    return { done, parts };
  };

  it('waits for the phase under way before workloads stop', async () => {
    const { done, parts } = partsOf(() => delay(5));
    await stopInOrder(parts, 10_000, { warn: () => done.push('warned') });
    expect(done).toEqual(['link', 'executor', 'workloads', 'rest']);
  });

  it('says so and goes on without a phase that never ends', async () => {
    const { done, parts } = partsOf(never);
    const keepAlive = setInterval(() => undefined, 1_000);
    await stopInOrder(parts, 10, { warn: () => done.push('warned') });
    clearInterval(keepAlive);
    expect(done).toEqual(['link', 'warned', 'workloads', 'rest']);
  });
});
