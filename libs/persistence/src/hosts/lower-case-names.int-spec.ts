// What the migration to lower-case names does to hosts that were there before.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase } from '@luofleet/testkit';
import { Database } from '../index';

const MIGRATION = path.resolve(
  __dirname,
  '../../../../prisma/migrations/20261127120000_machine_identity/migration.sql',
);

describe('names that differ only in case', () => {
  let test: Awaited<ReturnType<typeof createTestDatabase>>;
  let database: Database;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = new Database({ url: test.url, connectionsMax: 2 });
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  it('leave the name to the host that is there, or heard of last; the others keep their records under another', async () => {
    const [renaming = '', lowering = ''] = readFileSync(MIGRATION, 'utf8').split(/(?<=;)\n/);
    await database.read('migrate', 'hosts', async (client) => {
      await client.$executeRaw`ALTER TABLE hosts DROP CONSTRAINT hosts_name_check`;
      await client.$executeRaw`
        INSERT INTO hosts (id, name, backend, last_seen_at, online, decommissioned_at)
        SELECT v.id::uuid, v.name, 'memory', now() - v.age * interval '1 s', v.state = 'online',
          CASE WHEN v.state = 'gone' THEN now() END
        FROM (VALUES
          ('00000000-0000-4000-8000-000000000001', 'Web', 9, ''),
          ('00000000-0000-4000-8000-000000000002', 'web', 5, ''),
          ('00000000-0000-4000-8000-000000000003', 'WEB', 1, 'gone'),
          ('00000000-0000-4000-8000-000000000004', 'Db', 1, ''),
          ('00000000-0000-4000-8000-000000000005', 'LB', 9, 'online'),
          ('00000000-0000-4000-8000-000000000006', 'Lb', 1, '')) AS v(id, name, age, state)`;
      await client.$executeRawUnsafe(renaming);
      await client.$executeRawUnsafe(lowering);
      await client.$executeRaw`
        ALTER TABLE hosts ADD CONSTRAINT hosts_name_check CHECK (name = lower(name))`;
      const rows = await client.$queryRaw<{ name: string }[]>`SELECT name FROM hosts ORDER BY id`;
      expect(rows.map(({ name }) => name)).toEqual([
        'web-00000000-0000-4000-8000-000000000001',
        'web',
        'web-00000000-0000-4000-8000-000000000003',
        'db',
        'lb',
        'lb-00000000-0000-4000-8000-000000000006',
      ]);
    });
  });
});
