/** Puts hosts, releases and what agents would report into the record, through the stores the control plane uses. */
import { randomUUID } from 'node:crypto';
import {
  Database,
  type HostUpdateChange,
  readHostUpdates,
  registerHost,
  ReleasesRepository,
  type ReleaseRecord,
  type SessionReport,
  writeHostUpdates,
  writeSessionReports,
} from '@luofleet/persistence';

export class FleetFixture {
  constructor(readonly database: Database) {}

  /** Registers hosts that are online; returns their ids. */
  async hosts(
    names: readonly string[],
    labels: (name: string) => Record<string, string> = () => ({}),
  ): Promise<string[]> {
    return this.database.transaction('register hosts', 'fixture', async (unit) => {
      const ids: string[] = [];
      for (const name of names) {
        const { id } = await registerHost(unit, introduction(name, labels(name)), {
          replicaId: 'fixture',
          offlineAfterMs: 10_000,
        });
        ids.push(id);
      }
      return ids;
    });
  }

  async release(name: string): Promise<ReleaseRecord> {
    return new ReleasesRepository(this.database).create({
      name,
      kind: 'runtime',
      version: name.replace(/^.*-/, ''),
      imageUri: `file:///images/${name}.cjs`,
      imageSha256: 'ab'.repeat(32),
      handlers: ['memfd-v1'],
      kernelCommandLine: '',
      initrdUri: '',
      initrdSha256: '',
      luoAbi: '',
      labels: {},
    });
  }

  /** Changes the host updates of a rollout as results of agents would. */
  async updates(
    rolloutId: string,
    change: (hostName: string) => Partial<HostUpdateChange> | null,
  ): Promise<void> {
    await this.database.transaction('change host updates', 'fixture', async (unit) => {
      const updates = await readHostUpdates(unit.client, rolloutId);
      const changes = updates.flatMap((update) => {
        const changed = change(update.host.name);
        return changed === null ? [] : [{ ...update, ...changed }];
      });
      await writeHostUpdates(unit, changes, Date.now());
    });
  }

  /** Sessions that the host's agent reports for its update. */
  async sessions(
    rolloutId: string,
    hostName: string,
    reports: readonly SessionReport[],
  ): Promise<void> {
    await this.database.transaction('report sessions', 'fixture', async (unit) => {
      const updates = await readHostUpdates(unit.client, rolloutId);
      const update = updates.find(({ host }) => host.name === hostName);
      if (!update) throw new Error(`no host update of ${hostName}`);
      const owner = { hostId: update.host.id, hostUpdateId: update.id, attempt: 1 };
      await writeSessionReports(unit, owner, reports);
    });
  }

  /** What a restore does to the record of events: other rows under the numbers that were given out before. */
  async restoreEvents(): Promise<void> {
    await this.database.transaction('restore', 'fixture', async ({ client }) => {
      await client.$executeRaw`ALTER TABLE events RENAME TO events_before`;
      await client.$executeRaw`CREATE TABLE events (LIKE events_before INCLUDING ALL)`;
      await client.$executeRaw`INSERT INTO events SELECT * FROM events_before`;
    });
  }

  /** Records events that say nothing but their number. */
  async events(count: number, rolloutId?: string): Promise<void> {
    await this.database.transaction('record events', 'fixture', async (unit) => {
      for (let index = 0; index < count; index += 1)
        unit.record({
          ...{ kind: 'rollout-warned', rolloutId, message: `event ${index}` },
          data: { name: `rollout ${index}` },
        });
    });
  }
}

export function introduction(name: string, labels: Record<string, string> = {}) {
  return {
    name,
    machineId: '',
    streamNumber: 0n,
    labels,
    failureDomain: '',
    backend: 'memory' as const,
    bootId: randomUUID(),
    incarnationId: randomUUID(),
    agentVersion: '0.1.0',
    runningVersion: '1.0.0',
    runningSha256: '00'.repeat(32),
    kernelRelease: '7.3.4',
    handlers: ['memfd-v1'],
    capabilities: [],
    workloads: ['kv'],
    generation: 0n,
    openCommandKeys: [],
  };
}

/** A rollout manifest; `spec` and `strategy` fields on top of the smallest one. */
export function manifest(
  name: string,
  spec: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    apiVersion: 'luofleet.dev/v1',
    kind: 'Rollout',
    metadata: { name },
    spec: { release: 'runtime-1.1.0', ...spec },
  };
}
