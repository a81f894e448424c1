import { randomUUID } from 'node:crypto';
import { Injectable, Module, type Provider } from '@nestjs/common';
import { getQueueToken } from '@nestjs/bullmq';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { silentLogger } from '@luofleet/platform';
import { createTestRedis, TcpProxy, type TestRedis } from '@luofleet/testkit';
import {
  HandlesJob,
  type JobHandler,
  type JobPayload,
  JobQueue,
  QueueModule,
  QUEUES,
  WorkerModule,
} from './index';
import { QUEUE_REDIS } from './queue.options';

/** Runs what a test gives it, and says when a run has begun. */
class Runs {
  readonly begun: string[] = [];
  work: () => Promise<void> = () => Promise.resolve();
  private waiting: (() => void)[] = [];

  async run(id: string): Promise<void> {
    this.begun.push(id);
    for (const wake of this.waiting.splice(0)) wake();
    await this.work();
  }

  async until(count: number): Promise<void> {
    while (this.begun.length < count) await new Promise<void>((wake) => this.waiting.push(wake));
  }
}

const runs = { reconcile: new Runs(), phase: new Runs() };

@HandlesJob('reconcile')
@Injectable()
class Reconcile implements JobHandler<'reconcile'> {
  run({ rolloutId }: JobPayload<'reconcile'>): Promise<void> {
    return runs.reconcile.run(rolloutId);
  }
}

@HandlesJob('phase')
@Injectable()
class Phase implements JobHandler<'phase'> {
  run({ hostUpdateId }: JobPayload<'phase'>): Promise<void> {
    return runs.phase.run(hostUpdateId);
  }
}

@HandlesJob('phase')
@Injectable()
class AnotherPhase extends Phase {}

/** An application that failed to start refuses to be closed; its queues are connected all the same. */
async function closeUnstarted(app: TestingModule | undefined): Promise<void> {
  for (const name of QUEUES) await app?.get<Queue>(getQueueToken(name), { strict: false }).close();
  app?.get<Redis>(QUEUE_REDIS, { strict: false }).disconnect();
}

describe('jobs', () => {
  let redis: TestRedis;
  let app: TestingModule | undefined;

  const start = (...providers: Provider[]): Promise<JobQueue> => startAt(redis.url, ...providers);
  const startAt = async (redisUrl: string, ...providers: Provider[]): Promise<JobQueue> => {
    @Module({
      imports: [
        QueueModule.forRoot({
          inject: [],
          useFactory: () => ({ redisUrl, prefix: redis.prefix, logger: silentLogger }),
        }),
        WorkerModule,
      ],
      providers,
    })
    class App {}
    app = await Test.createTestingModule({ imports: [App] }).compile();
    await app.init();
    return app.get(JobQueue);
  };

  beforeEach(() => {
    redis = createTestRedis();
    runs.reconcile = new Runs();
    runs.phase = new Runs();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await redis.empty();
  });

  it('does not start without a handler for every kind of job, or with two', async () => {
    await expect(start(Reconcile)).rejects.toThrow('job phase has no handler');
    await closeUnstarted(app);
    await expect(start(Reconcile, Phase, AnotherPhase)).rejects.toThrow(
      'job phase has more than one handler',
    );
    await closeUnstarted(app);
    app = undefined;
  });

  it('runs a job once more when it is added while it runs, and only once', async () => {
    const jobs = await start(Reconcile, Phase);
    let finish = (): void => undefined;
    const first = new Promise<void>((resolve) => (finish = resolve));
    runs.reconcile.work = () => (runs.reconcile.begun.length === 1 ? first : Promise.resolve());
    const rolloutId = randomUUID();
    await jobs.add('reconcile', [{ rolloutId }]);
    await runs.reconcile.until(1);
    await jobs.add('reconcile', [{ rolloutId }, { rolloutId }]);
    finish();
    await runs.reconcile.until(2);
    const last = randomUUID();
    await jobs.add('reconcile', [{ rolloutId: last }]);
    await runs.reconcile.until(3);
    expect(runs.reconcile.begun).toEqual([rolloutId, rolloutId, last]);
  });

  it('tries a failed job again', async () => {
    const jobs = await start(Reconcile, Phase);
    runs.phase.work = () =>
      runs.phase.begun.length < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve();
    await jobs.add('phase', [
      { hostUpdateId: randomUUID(), hostId: randomUUID(), phase: 'freeze' },
    ]);
    await runs.phase.until(3);
    expect(new Set(runs.phase.begun).size).toBe(1);
  });

  it('refuses a payload that does not fit', async () => {
    const jobs = await start(Reconcile, Phase);
    await expect(jobs.add('reconcile', [{ rolloutId: 'no id' }])).rejects.toThrow('rolloutId');
  });

  it('goes on after Redis has been emptied, also in the middle of a job', async () => {
    const jobs = await start(Reconcile, Phase);
    runs.reconcile.work = () => redis.empty();
    await jobs.add('reconcile', [{ rolloutId: randomUUID() }]);
    await runs.reconcile.until(1);
    runs.reconcile.work = () => Promise.resolve();
    await jobs.add('reconcile', [{ rolloutId: randomUUID() }]);
    await runs.reconcile.until(2);
  });

  it('leaves no more with a Redis that does not answer, and goes on once it does', async () => {
    const proxy = await TcpProxy.to(redis.url);
    const jobs = await startAt(proxy.inFrontOf(redis.url), Reconcile, Phase);
    await jobs.add('reconcile', [{ rolloutId: randomUUID() }]);
    await runs.reconcile.until(1);
    proxy.answering('none');
    const refused: number[] = [];
    for (let adds = 0; adds < 200; adds += 1) {
      const since = performance.now();
      const add = jobs.add('reconcile', [{ rolloutId: randomUUID() }]);
      await expect(add).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      refused.push(performance.now() - since);
    }
    // Only the first is waited for: 200 waits would be minutes.
    expect(refused.filter((ms) => ms > 1500)).toHaveLength(1);
    proxy.answering('whole');
    const last = randomUUID();
    const taken = () =>
      jobs.add('reconcile', [{ rolloutId: last }]).then(
        () => true,
        () => false,
      );
    while (!(await taken())) await new Promise((resolve) => setTimeout(resolve, 50));
    const { begun } = runs.reconcile;
    while (!begun.includes(last)) await runs.reconcile.until(begun.length + 1);
    await app?.close();
    app = undefined;
    await proxy.close();
  });
});
