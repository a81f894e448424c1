// Driver adapters for the WASM schema engine: one on a real Postgres, one that never connects.

import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import {
  connectionSettings,
  createDatabase,
  dropDatabase,
  onDatabase,
  schemaNameOf,
} from './database-url.mjs';

const OID_CHAR = 18;
const OID_TEXT = 25;
const OID_NAME_ARRAY = 1003;
const OID_TEXT_ARRAY = 1009;

/** An adapter factory on the Postgres at `url`. */
export function postgresAdapter(url) {
  const open = async (address) =>
    readingCatalogs(
      await new PrismaPg(connectionSettings(address), { schema: schemaNameOf(address) }).connect(),
    );
  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => open(url),
    // The adapter's own way drops the shadow database while its pool is still on it.
    connectToShadowDb: async () => {
      const shadowUrl = onDatabase(url, `prisma_shadow_${randomUUID()}`);
      await createDatabase(shadowUrl);
      const adapter = await open(shadowUrl);
      const close = adapter.dispose.bind(adapter);
      adapter.dispose = async () => {
        await close();
        await dropDatabase(shadowUrl);
      };
      return adapter;
    },
  };
}

/** For comparing schema files with each other: answers what server it would be, refuses everything else. */
export function offlineAdapter() {
  const refuse = async () => {
    throw new Error('Comparing schema files needs no database, yet the engine asked for one.');
  };
  const connection = {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    queryRaw: async ({ sql }) =>
      sql.includes('server_version_num')
        ? {
            columnNames: ['exists', 'version', 'numeric_version'],
            columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
            rows: [[true, 'PostgreSQL 18.4', 180004]],
          }
        : refuse(),
    executeRaw: refuse,
    executeScript: refuse,
    startTransaction: refuse,
    getConnectionInfo: () => ({ schemaName: 'public', supportsRelationJoins: true }),
    dispose: async () => {},
  };
  const connect = async () => connection;
  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect,
    connectToShadowDb: connect,
  };
}

// The adapter rejects two types that only catalogs use, "char" and name[]; the engine's introspection reads catalogs.
function readingCatalogs(adapter) {
  const performIO = adapter.performIO.bind(adapter);
  const queryRaw = adapter.queryRaw.bind(adapter);
  const charColumnsOf = new WeakMap();
  adapter.performIO = async (query) => {
    const result = await performIO(query);
    const charColumns = [];
    (result.fields ?? []).forEach((field, index) => {
      if (field.dataTypeID === OID_CHAR) {
        charColumns.push(index);
        field.dataTypeID = OID_TEXT;
      } else if (field.dataTypeID === OID_NAME_ARRAY) field.dataTypeID = OID_TEXT_ARRAY;
    });
    charColumnsOf.set(query, charColumns);
    return result;
  };
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    for (const index of charColumnsOf.get(query) ?? [])
      result.columnTypes[index] = ColumnTypeEnum.Character;
    return result;
  };
  // The adapter cuts scripts at every semicolon, also inside function bodies; Postgres itself knows better.
  adapter.executeScript = async (script) => void (await adapter.underlyingDriver().query(script));
  return adapter;
}
