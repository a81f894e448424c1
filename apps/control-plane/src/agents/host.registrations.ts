import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  type HostIntroduction,
  isLockWait,
  type RegisteredHost,
  registerHosts,
} from '@luofleet/persistence';
import { LuofleetError } from '@luofleet/platform';
import { Runtime } from '../settings/runtime';

/** Hosts registered together; their rows are locked until the transaction ends. */
const BATCH_HOSTS_MAX = 100;

interface Waiting {
  readonly host: HostIntroduction;
  readonly isGone: () => boolean;
  readonly done: (registered: RegisteredHost) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Registers hosts, one transaction at a time: those that come meanwhile are registered together with the next. A whole
 * fleet that connects at once takes few transactions, and leaves room for heartbeats and results of hosts that are here.
 */
@Injectable()
export class HostRegistrations {
  private readonly waiting: Waiting[] = [];
  private working = false;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Runtime) private readonly runtime: Runtime,
  ) {}

  /**
   * No two hosts of the same name or machine at once. `isGone` is asked when the turn comes: an agent that has left
   * meanwhile is not registered, or it would take the place of the stream it came back with.
   * @throws LuofleetError UNAVAILABLE when the agent has left
   */
  register(host: HostIntroduction, isGone: () => boolean = () => false): Promise<RegisteredHost> {
    const registered = new Promise<RegisteredHost>((done, failed) =>
      this.waiting.push({ host, isGone, done, failed }),
    );
    if (!this.working) void this.work();
    return registered;
  }

  private async work(): Promise<void> {
    this.working = true;
    while (this.waiting.length > 0) await this.registerTogether(this.nextBatch());
    this.working = false;
  }

  /** Those that came first and are still there, each of another name and machine; the others have to wait. */
  private nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const seen = new Set<string>();
    const rest: Waiting[] = [];
    for (const one of this.waiting.splice(0)) {
      const { name, machineId } = one.host;
      const keys = [`name ${name}`, ...(machineId === '' ? [] : [`machine ${machineId}`])];
      if (one.isGone()) one.failed(hasLeft(one.host));
      else if (batch.length === BATCH_HOSTS_MAX || keys.some((key) => seen.has(key)))
        rest.push(one);
      else {
        batch.push(one);
        for (const key of keys) seen.add(key);
      }
    }
    this.waiting.push(...rest);
    return batch;
  }

  /** Never rejects. */
  private async registerTogether(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return;
    const { replicaId, offlineAfterMs } = this.runtime.settings;
    const hosts = batch.map(({ host }) => host);
    const subject = hosts.length === 1 ? `host ${hosts[0]?.name}` : `${hosts.length} hosts`;
    try {
      const registered = await this.database.transaction('register host', subject, (unit) =>
        registerHosts(unit, hosts, { replicaId, offlineAfterMs }),
      );
      registered.forEach((host, index) => batch[index]?.done(host));
    } catch (error) {
      // One host that Postgres does not take, or that somebody else holds, must not keep the others out.
      const isAway = error instanceof LuofleetError && error.code === 'UNAVAILABLE';
      if (batch.length > 1 && (!isAway || isLockWait(error))) await this.registerApart(batch);
      else for (const { failed } of batch) failed(error);
    }
  }

  /** Never rejects. */
  private async registerApart(batch: readonly Waiting[]): Promise<void> {
    for (const one of batch)
      if (one.isGone()) one.failed(hasLeft(one.host));
      else await this.registerTogether([one]);
  }
}

function hasLeft({ name }: HostIntroduction): LuofleetError {
  return new LuofleetError({
    code: 'UNAVAILABLE',
    operation: 'register host',
    subject: `host ${name}`,
    detail: `Host ${name} was not registered: its agent left before its turn came.`,
  });
}
