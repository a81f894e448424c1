// A process that stops in the middle of a transaction, and a connection that goes silent, stop nobody for ever.
import { Database, type EventDraft } from '@luofleet/persistence';
import { within } from '@luofleet/platform';
import { createTestDatabase, TcpProxy, type TestDatabase } from '@luofleet/testkit';

const LIMITS = { connectMs: 5000, statementMs: 1000, lockMs: 20_000, idleInTransactionMs: 1000 };

describe('connections to Postgres', () => {
  let postgres: TestDatabase;
  let proxy: TcpProxy;
  let frozen: Database;
  let other: Database;

  beforeAll(async () => {
    postgres = await createTestDatabase();
    proxy = await TcpProxy.to(postgres.url);
    // A stopped process watches no clock of its own: only Postgres can cut it off.
    const stopped = { ...LIMITS, statementMs: 600_000 };
    frozen = new Database({ url: proxy.inFrontOf(postgres.url), limits: stopped });
    const patient = { ...LIMITS, statementMs: 20_000, idleInTransactionMs: 60_000 };
    other = new Database({ url: postgres.url, limits: patient });
  });
  afterAll(async () => {
    await Promise.all([frozen?.close(), other?.close()]);
    await proxy?.close();
    await postgres?.drop();
  });

  const event = (message: string): EventDraft => {
    return { kind: 'host-recommissioned', message, data: { hostName: 'any' } };
  };
  const record = (database: Database, message: string) =>
    database.transaction('record', 'test', (unit) => Promise.resolve(unit.record(event(message))));

  it('hold no lock on the events while a client has the next turn', async () => {
    await other.transaction('hold', 'test', async (unit) => {
      unit.record(event('held'));
      await unit.writeEvents();
      await record(other, 'meanwhile');
      const rows = await other.read('read', 'test', (client) => client.event.findMany());
      expect(rows.map(({ message }) => message)).toEqual(['meanwhile']);
    });
  });

  it('are cut off where they hold locks and say nothing', async () => {
    let thaw = (): void => undefined;
    const stopped = new Promise<void>((resolve) => (thaw = resolve));
    let locked = (): void => undefined;
    const holding = new Promise<void>((resolve) => (locked = resolve));
    const held = frozen.transaction('hold', 'test', async (unit) => {
      await unit.client.$executeRaw`LOCK TABLE releases IN ACCESS EXCLUSIVE MODE`;
      locked();
      await stopped;
    });
    const ended = expect(held).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    try {
      await holding;
      await other.read('read', 'test', (client) => client.release.count());
    } finally {
      thaw();
    }
    await ended;
  });

  it('are given up when nothing comes any more, or only drips, and made anew', async () => {
    const silent = new Database({
      ...{ url: proxy.inFrontOf(postgres.url), connectionsMax: 3, limits: LIMITS },
    });
    const ends = <T>(work: Promise<T>) =>
      within(40_000, work, () => new Error('a statement on a silent connection did not end'));
    const ping = () => silent.ping();
    const stopsHalfWay = () =>
      silent.transaction('fall silent', 'test', async ({ client }) => {
        await client.$queryRaw`SELECT 1`;
        proxy.freeze();
        await client.$queryRaw`SELECT 1`;
      });
    const drips = () => {
      proxy.answering('drips');
      return silent.read('read', 'test', (client) => client.$queryRaw`SELECT repeat('x', 10000)`);
    };
    try {
      await ping();
      proxy.freeze();
      for (const work of [ping, stopsHalfWay, drips]) {
        await expect(ends(work())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        proxy.answering('whole');
        await ends(silent.transaction('begin', 'test', ({ client }) => client.$queryRaw`SELECT 1`));
      }
    } finally {
      proxy.drop();
      await silent.close();
    }
  }, 180_000);

  it('keep the other events of a batch in which one is refused', async () => {
    await other.read(
      'prepare',
      'test',
      (client) =>
        client.$executeRaw`ALTER TABLE events ADD CONSTRAINT no_bad CHECK (message <> 'bad')`,
    );
    await other.transaction('record', 'test', (unit) =>
      Promise.resolve(
        unit.record(
          ...['good 1', 'bad', 'nul \u0000', 'good 2'].map((message) => ({
            ...{ kind: 'host-offline' as const, message },
            data: { hostName: 'any' },
          })),
        ),
      ),
    );
    const { events, aside } = await other.read('read', 'test', async (client) => ({
      events: await client.event.findMany({
        where: { kind: { in: ['host-offline', 'set-aside'] } },
        orderBy: { sequence: 'asc' },
      }),
      aside: await client.setAside.findMany({ where: { kind: 'event' } }),
    }));
    expect(events.map(({ message }) => message)).toEqual([
      'good 1',
      'Could not store an event; it was set aside.',
      'nul \ufffd',
      'good 2',
    ]);
    expect(aside.map(({ reasonCode }) => reasonCode)).toEqual(['SQLSTATE_23514']);
  });
});
