import { createTestDatabase, type TestDatabase } from '@luofleet/testkit';
import { Database } from './database';

describe('more transactions than connections', () => {
  let postgres: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    postgres = await createTestDatabase();
    database = new Database({ url: postgres.url, connectionsMax: 4 });
  });
  afterAll(async () => {
    await database.close();
    await postgres.drop();
  });

  it('take their turns, and leave connections to reads', async () => {
    let running = 0;
    let most = 0;
    const ended: number[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const transactions = Array.from({ length: 12 }, (_, index) =>
      database.transaction('hold a connection', 'test', async ({ client }) => {
        running += 1;
        most = Math.max(most, running);
        await client.$queryRaw`SELECT 1`;
        await held;
        running -= 1;
        ended.push(index);
      }),
    );
    while (running < 2) await new Promise(setImmediate);
    await Promise.all([database.ping(), database.ping()]);
    release();
    await Promise.all(transactions);
    expect(most).toBe(2);
    expect([...ended].sort((a, b) => a - b)).toEqual(Array.from(transactions.keys()));
  });

  it('let an urgent one have the next turn', async () => {
    const order: string[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const single = new Database({ url: postgres.url, connectionsMax: 3 });
    const run = (name: string, options?: { urgent: boolean }) =>
      single.transaction('run', name, () => Promise.resolve(void order.push(name)), options);
    const holder = single.transaction('hold', 'test', () => held);
    const later = [run('first'), run('second'), run('heartbeats', { urgent: true })];
    release();
    await Promise.all([holder, ...later]);
    await single.close();
    expect(order).toEqual(['heartbeats', 'first', 'second']);
  });

  it('free their turn when they fail', async () => {
    const failing = Array.from({ length: 8 }, () =>
      database.transaction('fail', 'test', () => Promise.reject(new Error('no'))),
    );
    const results = await Promise.allSettled(failing);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    await database.transaction('succeed', 'test', () => Promise.resolve());
  });
});
