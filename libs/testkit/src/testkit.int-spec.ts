import { Redis } from 'ioredis';
import { Client } from 'pg';
import { createTestDatabase, createTestRedis } from './index';

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};

describe('test database', () => {
  it('is migrated, and separate for everyone who asks at the same time', async () => {
    const databases = await Promise.all([createTestDatabase(), createTestDatabase()]);
    try {
      await query(databases[0].url, 'CREATE TABLE only_here (id int)');
      const tables =
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'";
      const [first, second] = await Promise.all(databases.map(({ url }) => query(url, tables)));
      expect(first).toContainEqual({ table_name: 'only_here' });
      expect(second).not.toContainEqual({ table_name: 'only_here' });
      expect(second).toContainEqual({ table_name: '_prisma_migrations' });
    } finally {
      await Promise.all(databases.map((database) => database.drop()));
    }
  });

  it('is gone after drop, with connections open', async () => {
    const database = await createTestDatabase();
    const client = new Client({ connectionString: database.url });
    client.on('error', () => {}); // the server closes it
    await client.connect();
    await database.drop();
    await expect(query(database.url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
    await client.end().catch(() => {});
  });
});

describe('test Redis', () => {
  it('empties its own prefix and nothing else', async () => {
    const [mine, other] = [createTestRedis(), createTestRedis()];
    const redis = new Redis(mine.url);
    try {
      await redis.mset(`${mine.prefix}:a`, '1', `${mine.prefix}:b`, '2', `${other.prefix}:a`, '3');
      await mine.empty();
      expect(await redis.keys(`${mine.prefix}*`)).toEqual([]);
      expect(await redis.get(`${other.prefix}:a`)).toBe('3');
      await other.empty();
    } finally {
      redis.disconnect();
    }
  });
});
